/**
 * A table of routes, `GET /envelopes/{envelopeId}` → handler. A literal segment wins over a parameter.
 * @module
 */

export interface Match<H> {
  handler: H;
  /** The route as it was declared, `GET /envelopes/{envelopeId}`. */
  route: string;
  params: Record<string, string>;
}

export interface Router<H> {
  match(method: string, path: string): Match<H> | undefined;
  /** True when the path exists with another method. */
  knows(path: string): boolean;
}

interface Declared<H> {
  route: string;
  method: string;
  segments: string[];
  handler: H;
}

export function createRouter<H>(routes: Record<string, H>): Router<H> {
  const byLength = new Map<number, Declared<H>[]>();
  for (const [route, handler] of Object.entries(routes)) {
    const [method = '', path = ''] = route.split(' ');
    const segments = split(path);
    const declared = byLength.get(segments.length) ?? [];
    declared.push({ route, method, segments, handler });
    byLength.set(segments.length, declared);
  }
  const rank = (declared: Declared<H>): string =>
    declared.segments.map((segment) => (segment.startsWith('{') ? '1' : '0')).join('');
  for (const declared of byLength.values()) declared.sort((a, b) => rank(a).localeCompare(rank(b)));

  const find = (path: string): Declared<H>[] => {
    const segments = split(path);
    return (byLength.get(segments.length) ?? []).filter((declared) =>
      declared.segments.every(
        (segment, index) => segment.startsWith('{') || segment.toLowerCase() === segments[index]?.toLowerCase(),
      ),
    );
  };

  return {
    match(method, path) {
      const declared = find(path).find((candidate) => candidate.method === method);
      if (declared === undefined) return undefined;
      const params: Record<string, string> = {};
      const segments = split(path);
      for (const [index, segment] of declared.segments.entries()) {
        if (segment.startsWith('{')) params[segment.slice(1, -1)] = decode(segments[index] ?? '');
      }
      return { handler: declared.handler, route: declared.route, params };
    },
    knows: (path) => find(path).length > 0,
  };
}

function split(path: string): string[] {
  return path.replace(/\/+$/, '').split('/').slice(1);
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
