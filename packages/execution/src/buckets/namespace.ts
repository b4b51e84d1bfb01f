/** Which of the two trees a bucket belongs to; its place in the list is its byte in keys and messages. */
export type Namespace = 'state' | 'session'
export const namespaces: readonly Namespace[] = ['state', 'session']

export type EncodedBucket = readonly [bucket: number, encoding: Uint8Array]
