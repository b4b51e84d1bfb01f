/**
 * V8 starts with a large old generation: by default it collects the whole heap far too often under load, which costs about
 * half as much CPU again. It holds only from the start of a process, so whoever starts a daemon gives it.
 */
export const daemonFlag = '--initial-old-space-size=1024'
