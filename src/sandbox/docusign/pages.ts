/**
 * The pages for people: home, inbox, signing, consent.
 * @module
 */
import type { HttpAnswer, HttpRequest } from '../kit/http.ts';
import type { Sandbox } from './state.ts';

export function answerPages(_sandbox: Sandbox, _request: HttpRequest): Promise<HttpAnswer | undefined> {
  return Promise.resolve(undefined);
}
