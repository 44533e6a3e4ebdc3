export const CORS_ORIGINS_RULE =
  'must be a comma list of origins such as https://app.example.com, without a path, or *';
export const PUBLIC_URL_RULE =
  'must be an http or https URL such as https://api.example.com/colloquy, without user, query and fragment';

const ORIGIN = /^[a-z][a-z\d+.-]*:\/\/[^/?#@\s]+$/;

/** The origins of a comma list, as browsers write them; undefined when one is none. */
export function originsIn(list: string): readonly string[] | undefined {
  const origins = list.split(',').map((origin) => origin.trim());
  if (!origins.every((origin) => origin === '*' || (ORIGIN.test(origin) && URL.canParse(origin))))
    return undefined;
  return origins.map((origin) => {
    const { protocol, origin: normal } = new URL(origin === '*' ? 'none:' : origin);
    return /^https?:$/.test(protocol) ? normal : origin;
  });
}

/** The URL without a slash at its end; undefined when it is none. */
export function publicUrlIn(value: string): string | undefined {
  const url = URL.parse(value);
  if (!url || !/^https?:$/.test(url.protocol)) return undefined;
  if (url.username + url.password + url.search + url.hash !== '') return undefined;
  return url.href.replace(/\/+$/, '');
}
