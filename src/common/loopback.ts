const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|::1)$/i;

/** Whether this host, as it stands in a URL or in a list of hosts, is this machine only. */
export const isLoopback = (host: string): boolean => LOOPBACK.test(host);
