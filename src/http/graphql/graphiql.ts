/**
 * GraphiQL for `countersign dev`: one page that needs no other host, compressed once.
 * @module
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gunzipSync, gzip } from 'node:zlib';

export interface GraphiqlOptions {
  /** Sent with every request, the demo token among them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly tabs: readonly { readonly name: string; readonly query: string; readonly variables?: string }[];
}

interface Page {
  readonly compressed: Buffer;
  readonly etag: string;
}

export interface GraphiqlPage {
  send(req: IncomingMessage, res: ServerResponse): Promise<void>;
}

export function createGraphiqlPage(options: GraphiqlOptions): GraphiqlPage {
  let page: Promise<Page> | null = null;
  return {
    async send(req, res) {
      page ??= renderPage(options);
      const { compressed, etag } = await page;
      // It holds a token: a browser may keep it, nobody on the way may, and no page of another origin may read it.
      res.removeHeader('access-control-allow-origin');
      const headers = {
        etag,
        'cache-control': 'private, no-cache',
        vary: 'Accept, Accept-Encoding, Origin',
        'x-frame-options': 'DENY',
      };
      if (req.headers['if-none-match'] === etag) {
        res.writeHead(304, headers).end();
        return;
      }
      const takesGzip = /\bgzip\b/.test(String(req.headers['accept-encoding'] ?? ''));
      const body = takesGzip ? compressed : gunzipSync(compressed);
      res.writeHead(200, {
        ...headers,
        ...(takesGzip && { 'content-encoding': 'gzip' }),
        'content-type': 'text/html; charset=utf-8',
        'content-length': body.length,
      });
      res.end(req.method === 'HEAD' ? undefined : body);
    },
  };
}

async function renderPage({ headers, tabs }: GraphiqlOptions): Promise<Page> {
  // 9 MB of source: loaded only by who asks for the page
  const { renderGraphiQL } = await import('@graphql-yoga/render-graphiql');
  const html = await renderGraphiQL({
    title: 'countersign',
    endpoint: '/graphql',
    // by fetch, so that the headers travel with subscriptions too
    subscriptionsProtocol: 'SSE',
    method: 'POST',
    // sent with whatever a tab says: a tab that a browser kept from an earlier start needs today's token
    additionalHeaders: { ...headers },
    shouldPersistHeaders: false,
    defaultTabs: tabs.map(({ name, query, variables }) => ({
      query: query.startsWith('#') ? query : `# ${name}\n${query}`,
      variables: variables ?? '{}',
    })),
  });
  const compressed = await promisify(gzip)(steadied(String(html)), { level: 6 });
  return { compressed, etag: `"${createHash('sha256').update(compressed).digest('base64url')}"` };
}

/**
 * A tab that is pressed gets the focus, and GraphiQL then moves it by what its animation last left in `transform`: the
 * press ends beside the tab, and is no click.
 */
const STILL_TABS = '<style>.graphiql-tab { transform: none !important }</style>';

/**
 * GraphiQL stores a query once it has changed, and opens an empty tab when it finds tabs and no query: after the first
 * reload, and in a second window.
 */
const SAME_TABS = `<script>
  try {
    const { tabs, activeTabIndex } = JSON.parse(localStorage.getItem('graphiql:tabState'));
    if (localStorage.getItem('graphiql:query') === null) {
      localStorage.setItem('graphiql:query', tabs[activeTabIndex].query);
      localStorage.setItem('graphiql:variables', tabs[activeTabIndex].variables);
    }
  } catch {
    // Nothing is stored yet, or may be: GraphiQL begins with the tabs of the page.
  }
</script>`;

function steadied(html: string): string {
  if (!html.includes('</head>')) throw new Error('the page of GraphiQL has no head');
  return html.replace('</head>', () => `${STILL_TABS}${SAME_TABS}</head>`);
}
