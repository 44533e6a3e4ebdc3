import { describe, expect, it } from '@jest/globals';
import { ReceiverRules } from './receiver-rules.js';

const production = new ReceiverRules([], false);
const development = new ReceiverRules([], true);
const cluster = new ReceiverRules(['hooks.internal', '10.1.0.0/16', 'fd00:1::/32'], false);

const fault = (rules: ReceiverRules, url: string) => rules.faultOf(new URL(url));

describe('which receivers may be called', () => {
  it.each([
    'https://127.0.0.1/',
    'https://127.255.255.254/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://017700000001/',
    'https://0/',
    'https://0.0.0.0/',
    'https://10.0.0.1/',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://100.64.1.1/',
    'https://192.0.2.1/',
    'https://198.19.255.255/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://[::]/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://[::ffff:7f00:1]/',
    'https://[::127.0.0.1]/',
    'https://[64:ff9b::7f00:1]/',
    'https://[fd00::1]/',
    'https://[fe80::1]/',
    'https://[ff02::1]/',
    'https://[2001:db8::1]/',
    'https://[2002:7f00:1::]/',
  ])('not %s', (url) => {
    expect(fault(production, url)).toBe('must not be a private, local or reserved address');
  });

  it.each(['https://93.184.216.34/', 'https://[2606:2800:220:1::1]/', 'https://example.com:8443/hook'])(
    'but %s',
    (url) => {
      expect(fault(production, url)).toBeUndefined();
    },
  );

  it('only by https, and without a password', () => {
    expect(fault(production, 'http://example.com/')).toBe('must be an https URL');
    expect(fault(production, 'ftp://example.com/')).toBe('must be an https URL');
    expect(fault(production, 'https://ada:secret@example.com/')).toBe('must have no user and no password');
  });

  it('refuses a name by the address it turns out to have', () => {
    expect(production.allows('https:', 'localtest.example', '127.0.0.1')).toBe(false);
    expect(production.allows('https:', 'localtest.example', '::ffff:10.0.0.1')).toBe(false);
    expect(production.allows('https:', 'example.com', '93.184.216.34')).toBe(true);
    expect(production.allows('http:', 'example.com', '93.184.216.34')).toBe(false);
  });

  it('lets what is listed be private, and by http', () => {
    expect(fault(cluster, 'http://hooks.internal/')).toBeUndefined();
    expect(cluster.allows('http:', 'HOOKS.internal.', '192.168.1.1')).toBe(true);
    expect(fault(cluster, 'http://10.1.2.3/')).toBeUndefined();
    expect(fault(cluster, 'https://[fd00:1::5]/')).toBeUndefined();
    expect(fault(cluster, 'https://10.2.0.1/')).toBe('must not be a private, local or reserved address');
    expect(cluster.allows('http:', 'other.internal', '10.1.2.3')).toBe(true);
    expect(cluster.allows('http:', 'other.internal', '10.2.2.3')).toBe(false);
  });

  it('in development also http and loopback, but nothing else that is private', () => {
    expect(fault(development, 'http://127.0.0.1:8080/')).toBeUndefined();
    expect(fault(development, 'http://localhost:8080/')).toBeUndefined();
    expect(development.allows('http:', 'localhost', '::1')).toBe(true);
    expect(fault(development, 'http://192.168.1.1/')).toBe(
      'must not be a private, local or reserved address',
    );
  });
});
