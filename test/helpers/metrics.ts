import type { Bridge } from './bridge.ts'

/** The samples of `/metrics` by name and labels. */
export async function samplesOf({
  url,
  token
}: Pick<Bridge, 'url' | 'token'>): Promise<ReadonlyMap<string, number>> {
  const answer = await fetch(`${url}/metrics`, { headers: { authorization: `Bearer ${token}` } })
  const lines = (await answer.text()).split('\n').filter((line) => /^\w/.test(line))
  return new Map(
    lines.map((line) => {
      const end = line.lastIndexOf(' ')
      return [line.slice(0, end), Number(line.slice(end + 1))]
    })
  )
}
