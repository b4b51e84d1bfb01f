import type { StreamMuxer, StreamMuxerFactory } from '@libp2p/interface'

type Send = (bytes: unknown) => boolean

/**
 * Keeps a closing connection from ending the process. Yamux 8.0.3 sends the first frame of a new stream in a microtask; if
 * the connection was closed since, that throws where nobody can catch it, so that a peer which hangs up at the right
 * moment would stop this node. The same throw in `abort` would leave the socket open. What is written to a closed
 * connection is lost anyway, and its close event follows.
 */
export function safeMuxer<Components>(
  makeFactory: (components: Components) => StreamMuxerFactory
): (components: Components) => StreamMuxerFactory {
  return components => {
    const factory = makeFactory(components)
    const createStreamMuxer = factory.createStreamMuxer.bind(factory)
    factory.createStreamMuxer = connection => {
      const muxer = createStreamMuxer(connection) as StreamMuxer & { send: Send }
      const send = muxer.send.bind(muxer)
      muxer.send = bytes => {
        const { writeStatus } = connection as { readonly writeStatus?: string }
        return writeStatus === 'closing' || writeStatus === 'closed' ? false : send(bytes)
      }
      return muxer
    }
    return factory
  }
}
