/**
 * One visit of a page, and the plain page that only says something.
 * @module
 */
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import { html, page } from '../kit/pages.ts';
import type { Sandbox } from './state.ts';

export interface PageCall {
  sandbox: Sandbox;
  request: HttpRequest;
  params: Record<string, string>;
  form: URLSearchParams;
}

export const PRODUCT = 'DocuSign sandbox';

export function messagePage(title: string, text: string, status = 200): HttpAnswer {
  return page(
    PRODUCT,
    title,
    html`<h1>${title}</h1>
      <p class="soft">${text}</p>
      <p><a href="/inbox">To the inbox</a></p>`,
    status,
  );
}
