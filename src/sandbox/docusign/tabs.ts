/**
 * Tabs: checked when they are placed, filled when a signer acts.
 * @module
 */
import { ApiError, invalidParameter } from './errors.ts';
import type { Envelope, EnvelopeDocument, Recipient, Sandbox, Tab } from './state.ts';
import { dateTime, isRecord, isTrue } from './values.ts';

/** Reads `{signHereTabs: [...], …}`; every scalar becomes text. */
export function readTabs(value: unknown, nextId: () => string): Record<string, Tab[]> {
  if (!isRecord(value)) return {};
  const groups: Record<string, Tab[]> = {};
  for (const [group, tabs] of Object.entries(value)) {
    if (!Array.isArray(tabs)) continue;
    groups[group] = tabs.filter(isRecord).map((tab) => Object.assign(scalars(tab), { tabId: nextId() }));
  }
  return groups;
}

function scalars(tab: Record<string, unknown>): Tab {
  return Object.fromEntries(
    Object.entries(tab).flatMap(([name, value]) =>
      typeof value === 'object' || value === undefined ? [] : [[name, String(value)]],
    ),
  );
}

/** Every tab stands on a page that exists, inside it, or at an anchor that is there. */
export function checkTabs(sandbox: Sandbox, documents: readonly EnvelopeDocument[], recipient: Recipient): void {
  for (const [group, tabs] of Object.entries(recipient.tabs)) {
    for (const tab of tabs)
      checkTab(
        sandbox,
        documents,
        tab,
        `${group} tab '${tab['tabLabel'] ?? tab['tabId'] ?? ''}' of recipient '${recipient.recipientId}'`,
      );
  }
}

function checkTab(sandbox: Sandbox, documents: readonly EnvelopeDocument[], tab: Tab, name: string): void {
  const anchor = tab['anchorString'];
  if (anchor !== undefined && anchor !== '') {
    const { missingAnchors } = sandbox.settings;
    const missing = missingAnchors === '*' || missingAnchors.includes(anchor);
    if (missing && !isTrue(tab['anchorIgnoreIfNotPresent'])) {
      throw new ApiError(
        'ANCHOR_TAB_STRING_NOT_FOUND',
        `The anchor text '${anchor}' was not found in any document (${name}).`,
      );
    }
    return;
  }
  if (tab['documentId'] === undefined && tab['pageNumber'] === undefined && tab['xPosition'] === undefined) return;
  const document =
    tab['documentId'] === undefined
      ? documents[0]
      : documents.find((candidate) => candidate.documentId === tab['documentId']);
  if (document === undefined)
    throw invalidParameter(
      `The ${name} refers to document '${tab['documentId'] ?? ''}', which is not in the envelope.`,
    );
  const [page, x, y] = [
    Number(tab['pageNumber'] ?? '1'),
    Number(tab['xPosition'] ?? '0'),
    Number(tab['yPosition'] ?? '0'),
  ];
  if (!Number.isFinite(page) || !Number.isFinite(x) || !Number.isFinite(y))
    throw invalidParameter(`The ${name} has a position that is not a number.`);
  const size = document.pages[page - 1];
  if (size === undefined || x < 0 || y < 0 || x > size.width || y > size.height) {
    throw new ApiError(
      'TAB_OUT_OF_BOUNDS',
      `The ${name} is placed outside of the document: page ${page} at ${x}, ${y}.`,
    );
  }
}

/** Filled by the signer on the page. */
export const INPUT_GROUPS: readonly string[] = [
  'textTabs',
  'numberTabs',
  'dateTabs',
  'emailTabs',
  'companyTabs',
  'titleTabs',
  'noteTabs',
  'listTabs',
];

/** Values come by `tabLabel`, else by `tabId`. A required text that is empty gets the word `sample`: a signer could not have finished without. */
export function fillTabs(recipient: Recipient, values: Record<string, string>, now: number): void {
  for (const [group, tabs] of Object.entries(recipient.tabs)) {
    for (const tab of tabs) {
      const given = values[tab['tabId'] ?? ''] ?? values[tab['tabLabel'] ?? ''];
      if (group === 'checkboxTabs') {
        if (given !== undefined) tab['selected'] = String(given !== '' && given.toLowerCase() !== 'false');
      } else if (INPUT_GROUPS.includes(group)) {
        if (given !== undefined) tab['value'] = given;
        if ((tab['value'] ?? '') === '' && isTrue(tab['required'])) tab['value'] = 'sample';
      } else if (group === 'dateSignedTabs') {
        tab['value'] = dateTime(now).slice(0, 10);
      } else if (group === 'fullNameTabs') {
        tab['value'] = recipient.name;
      } else if (group === 'signHereTabs' || group === 'initialHereTabs') {
        tab['status'] = 'signed';
      }
    }
  }
}

/** What a recipient filled, as `form_data` names it. */
export function formData(recipient: Recipient): { name: string; value: string }[] {
  return Object.entries(recipient.tabs).flatMap(([group, tabs]) =>
    tabs.flatMap((tab) => {
      const value = group === 'checkboxTabs' ? (isTrue(tab['selected']) ? 'X' : '') : tab['value'];
      return value === undefined ? [] : [{ name: tab['tabLabel'] ?? tab['tabId'] ?? '', value }];
    }),
  );
}

export function tabIds(envelope: Envelope): () => string {
  return () => {
    envelope.nextTab += 1;
    return `${envelope.envelopeId.slice(0, 24)}${envelope.nextTab.toString(16).padStart(12, '0')}`;
  };
}
