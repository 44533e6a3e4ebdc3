/** The credential that command lines send to a running service; it does not belong in their arguments. */
export const clientToken = (): string | undefined => process.env['COLLOQUY_TOKEN'];
