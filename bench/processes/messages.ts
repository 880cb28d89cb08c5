/** What a process answers, by the name of the question. */
export type Answers = Readonly<Record<string, (argument: unknown) => unknown>>

/** Answers the questions of the process that started this one, and ends with it. */
export function serveMessages(answers: Answers): void {
  process.once('disconnect', () => process.exit())
  process.on('message', ({ question, argument }: { question: string; argument: unknown }) => {
    process.send?.({ question, answer: answers[question]?.(argument) ?? null })
  })
}
