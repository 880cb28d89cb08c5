/** What a process answers, by the name of the question. */
export type Answers = Readonly<Record<string, (argument: unknown) => unknown>>

/** Answers the questions of the process that started this one, and ends with it. */
export function serveMessages(answers: Answers): void {
  process.once('disconnect', () => process.exit())
  process.on('message', ({ question, argument }: { question: string; argument: unknown }) => {
    const answer = async () => {
      process.send?.({ question, answer: (await answers[question]?.(argument)) ?? null })
    }
    void answer()
  })
}
