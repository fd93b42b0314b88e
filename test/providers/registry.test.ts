import { expect, it } from 'vitest';
import { NotSupported } from '../../src/model/problems.ts';
import { providerFor } from '../../src/providers/registry.ts';

it('knows DocuSign', () => {
  expect(providerFor('DOCUSIGN').name).toBe('DOCUSIGN');
});

it('says which provider it does not speak yet', () => {
  expect(() => providerFor('DROPBOX_SIGN')).toThrow(NotSupported);
  expect(() => providerFor('DROPBOX_SIGN')).toThrow('DROPBOX_SIGN');
});
