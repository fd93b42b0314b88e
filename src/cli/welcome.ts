/**
 * What `countersign dev` prints: where everything is, and the first steps in the order of the README.
 * @module
 */

export interface Found {
  readonly graphiql: string;
  readonly sandbox: string;
  readonly token: string;
  readonly account: string;
}

export function welcome({ graphiql, sandbox, token, account }: Found): string {
  return `
countersign is running.

  GraphiQL  ${graphiql}
  Sandbox   ${sandbox}   a DocuSign that is yours alone; what it mails is in ${sandbox}/inbox
  Account   ${account}
  Token     ${token}

Next, in one browser window:
  1. Open GraphiQL, run its tab Send, and copy the line "logCursor" of the answer.
  2. In its tab Follow, paste that line over the one in the variables, and run it.
  3. In another tab of the browser, open ${sandbox}/inbox, press Review documents, then Sign.
  4. Back in GraphiQL, Follow says COMPLETED.
With two windows, run the tab Watch in one, leave it running, and send from the other.

Pages of this machine may call with this token, from any port of localhost; others by --allow-origin.
Ctrl-C stops everything; the data stays.
`;
}
