import { setTimeout as wait } from 'node:timers/promises'

/** Waits for a condition; fails after `limitMs`, default 20,000, saying what was waited for. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  limitMs = 20_000
): Promise<void> {
  const end = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`)
    await wait(20)
  }
}
