/** What a layer needs of a log: a subset of pino's interface. Fields come before the message. */
export interface Logger {
  /** Something an operator may want to know. */
  info(fields: object, message: string): void
  /** Something an operator should look at. */
  warn(fields: object, message: string): void
  /** Something that failed and needs an operator. */
  error(fields: object, message: string): void
  /** Something only a developer wants to know. */
  debug(fields: object, message: string): void
}
