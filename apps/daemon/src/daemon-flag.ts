/**
 * V8 starts with a larger old generation: the limit that buffers count towards (see `weighBuffers`) grows from it, and the
 * default one is reached every second under load. It holds only from the start of a process, so whoever starts a daemon gives it.
 */
export const daemonFlag = '--initial-old-space-size=256'
