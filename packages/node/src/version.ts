/** Of the software; the protocol has its own number in the genesis. */
export const softwareVersion = '0.1.0'
