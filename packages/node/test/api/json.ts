/** Parsed JSON, which tests look into field by field. */
// biome-ignore lint/suspicious/noExplicitAny: a test that reads a field that is not there fails
export type Json = any
