import type { Operator } from '../compose/operator.ts'
import { operatorOf, runCommand } from './command.ts'
import type { CommandIo } from './command.ts'
import { count, harmless } from './words.ts'

type Story = Awaited<ReturnType<Operator['explain']>>
type StoryEvent = Story['events'][number]

/** Prints the story of a person, a group or a request, for a person or as JSON. */
export function explainStory(
  io: CommandIo,
  what: string,
  options: { readonly json?: boolean }
): Promise<number> {
  return runCommand(io, async () => {
    const story = await operatorOf(io).explain(what)
    if (options.json === true) io.out(JSON.stringify(story, null, 2))
    else for (const line of describe(story)) io.out(harmless(line))
  })
}

function describe({ about, state, dryRun, earlier, events, pending }: Story): readonly string[] {
  return [
    state === '' ? `${about}.` : `${about}. ${state}`,
    ...(dryRun
      ? ['This is a dry run: Box was only read, and what is told as done was not done there.']
      : []),
    ...(earlier > 0
      ? [`${count(earlier)} earlier events are left out; box-scim audit export has them.`]
      : []),
    ...(events.length === 0
      ? ['Nothing about it is in the audit.']
      : events.flatMap(describeEvent)),
    ...(pending.length === 0
      ? ['Nothing is on its way.']
      : ['Still to come:', ...pending.map((line) => `  ${line}`)])
  ]
}

function describeEvent(event: StoryEvent): readonly string[] {
  const { time, asked, decided, box, result, notes, correlationId } = event
  return [
    `${time} ${asked}`,
    ...decided.map((line) => `  decided: ${line}`),
    ...box.map((line) => `  Box: ${line}`),
    ...notes.map((line) => `  note: ${line}`),
    `  result: ${result}`,
    `  correlation id: ${correlationId}`
  ]
}
