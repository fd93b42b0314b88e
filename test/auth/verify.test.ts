import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { EncryptJWT } from 'jose';
import { describe, expect, it } from 'vitest';
import { mintToken } from '../../src/auth/mint.ts';
import { SCOPES, Unauthenticated } from '../../src/auth/principal.ts';
import { createVerifier } from '../../src/auth/verify.ts';
import { publicId } from '../../src/model/ids.ts';
import { manualWorld } from '../kit/manual-world.ts';
import {
  ec,
  encode,
  goodClaims,
  hmacToken,
  NOW,
  otherRsa,
  pem,
  rsa,
  rsaConfig,
  rsaToken,
  SECRET,
  secretConfig,
  TENANT,
} from './forge.ts';

const world = manualWorld();
const bySecret = await createVerifier(secretConfig, world);
const byRsa = await createVerifier(rsaConfig, world);

async function refusal(verify: Promise<unknown>): Promise<Unauthenticated> {
  const error: unknown = await verify.then(
    () => new Error('the token was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof Unauthenticated)) throw error;
  return error;
}

describe('a good token', () => {
  it('tells tenant, subject, scopes and end', async () => {
    const principal = await bySecret.verify(
      `Bearer ${hmacToken({}, { scope: 'envelopes:read accounts:write other' })}`,
    );
    expect(principal).toEqual({
      tenantId: TENANT,
      subject: 'user-1',
      scopes: new Set(['envelopes:read', 'accounts:write']),
      scopeClaims: ['scope', 'scp', 'scopes'],
      envelopes: null,
      expiresAt: new Date((NOW + 600) * 1_000),
    });
  });

  it('may come from our own mint', async () => {
    const envelope = '0190a1b2-0000-7000-8000-00000000000e';
    const token = await mintToken(
      secretConfig,
      { tenantId: TENANT, subject: 'cli', scopes: SCOPES, envelopes: [envelope], expiresInSeconds: 60 },
      world,
    );
    const principal = await bySecret.verify(`Bearer ${token}`);
    expect(principal.scopes).toEqual(new Set(SCOPES));
    expect(principal.envelopes).toEqual(new Set([envelope]));
  });

  it('may be signed with RSA where a public key is configured', async () => {
    await expect(byRsa.verify(`Bearer ${rsaToken()}`)).resolves.toMatchObject({ tenantId: TENANT });
  });

  it('may be signed by any algorithm that is on the list', async () => {
    const pss = rsaToken({ alg: 'PS256' }, {}, rsa.privateKey, constants.RSA_PKCS1_PSS_PADDING);
    const verifier = await createVerifier({ ...rsaConfig, algorithms: ['RS256', 'PS256'] }, world);
    await expect(verifier.verify(`Bearer ${pss}`)).resolves.toBeTruthy();
    await expect(verifier.verify(`Bearer ${rsaToken()}`)).resolves.toBeTruthy();
  });

  it('may be signed with the curve of a public JWK', async () => {
    const key = JSON.stringify(ec.publicKey.export({ format: 'jwk' }));
    const verifier = await createVerifier({ ...rsaConfig, algorithms: ['ES256'], key: { kind: 'public', key } }, world);
    const input = `${encode({ alg: 'ES256', typ: 'at+jwt' })}.${encode(goodClaims)}`;
    const signature = sign('sha256', Buffer.from(input), { key: ec.privateKey, dsaEncoding: 'ieee-p1363' });
    await expect(verifier.verify(`bearer ${input}.${signature.toString('base64url')}`)).resolves.toBeTruthy();
  });

  it('is accepted with one audience of several, and an `iat` that clocks may differ by', async () => {
    const token = hmacToken({}, { aud: ['other', 'countersign'], iat: NOW + 20 });
    await expect(bySecret.verify(`Bearer ${token}`)).resolves.toBeTruthy();
  });

  it('finds its tenant in the claim that is configured, and in no other', async () => {
    const claim = 'https://id.example/org';
    const verifier = await createVerifier({ ...secretConfig, tenantClaim: claim }, world);
    const theirs = '0190a1b2-c3d4-7e5f-8a9b-ffffffffffff';
    await expect(verifier.verify(`Bearer ${hmacToken({}, { [claim]: theirs })}`)).resolves.toMatchObject({
      tenantId: theirs,
    });
    const { message } = await refusal(verifier.verify(`Bearer ${hmacToken()}`));
    expect(message).toContain(claim);
  });

  const NAMESPACED = 'https://example.com/scopes';
  const both = ['envelopes:read', 'accounts:read'];
  it.each([
    ['scope', 'a text', both.join(' ')],
    ['scp', 'a list (Okta)', both],
    ['scp', 'a text (Entra)', both.join(' ')],
    ['scopes', 'a list', both],
    ['scope', 'a text with more space than it needs', ` ${both.join('  ')} `],
    [NAMESPACED, 'a list (Auth0)', both],
    [NAMESPACED, 'a text', both.join(' ')],
    ['roles', 'a list (an application of Entra)', both],
  ])('has the scopes of its claim `%s`: %s', async (claim, _kind, value) => {
    const scopeClaim = ['roles', NAMESPACED].includes(claim) ? claim : 'scope';
    const verifier = await createVerifier({ ...secretConfig, scopeClaim }, world);
    const { scopes, scopeClaims } = await verifier.verify(
      `Bearer ${hmacToken({}, { scope: undefined, [claim]: value })}`,
    );
    expect(scopes).toEqual(new Set(both));
    expect(scopeClaims).toContain(claim);
  });

  it('has the scopes of all these claims together, and those of no other', async () => {
    const claims = { scope: 'envelopes:read', scp: ['accounts:read'], roles: ['accounts:write'] };
    const { scopes } = await bySecret.verify(`Bearer ${hmacToken({}, claims)}`);
    expect(scopes).toEqual(new Set(both));
  });

  it.each<[why: string, taken: readonly [string, ...string[]], typ: unknown]>([
    ['as configured', ['JWT'], 'JWT'],
    ['in another case', ['JWT'], 'jwt'],
    ['as a whole media type', ['at+jwt'], 'application/at+jwt'],
    ['one of several', ['at+jwt', 'JWT'], 'JWT'],
    ['none, where that is configured (Okta)', ['none'], undefined],
    ['none, among others', ['at+jwt', 'none'], undefined],
  ])('is taken with a `typ` %s', async (_why, taken, typ) => {
    const verifier = await createVerifier({ ...secretConfig, typ: taken }, world);
    await expect(verifier.verify(`Bearer ${hmacToken({ typ })}`)).resolves.toBeTruthy();
  });

  it('stays narrowed when the ids it is narrowed to are none of ours', async () => {
    const token = hmacToken({}, { envelopes: ['nonsense', publicId('Account', TENANT)] });
    await expect(bySecret.verify(`Bearer ${token}`)).resolves.toMatchObject({ envelopes: new Set() });
  });
});

const unsigned = (header: object): string => `${encode(header)}.${encode(goodClaims)}.`;
const [head = '', body = '', signature = ''] = hmacToken().split('.');

/** RFC 8725, section by section, and what surrounds a token. */
const BAD: readonly [title: string, authorization: string | undefined][] = [
  ['nothing at all', undefined],
  ['an empty header', ''],
  ['another scheme', 'Basic dXNlcjpwYXNz'],
  ['a token without a scheme', hmacToken()],
  ['a scheme without a token', 'Bearer '],
  ['two tokens', `Bearer ${hmacToken()}, Bearer ${hmacToken()}`],
  ['a token followed by text', `Bearer ${hmacToken()} x`],
  ['a token with padding', `Bearer ${hmacToken()}==`],
  ['text of two parts', `Bearer ${head}.${body}`],
  ['text of five parts', `Bearer ${head}.a.b.c.${signature}`],
  ['a token of a megabyte', `Bearer ${hmacToken({}, { filler: 'x'.repeat(1_048_576) })}`],
  ['a token of one byte too many', `Bearer ${hmacToken({}, { filler: 'x'.repeat(6_000) })}`],
  ['no algorithm, no signature', `Bearer ${unsigned({ alg: 'none', typ: 'at+jwt' })}`],
  ['no algorithm spelled otherwise, and text for a signature', `Bearer ${unsigned({ alg: 'nOnE', typ: 'at+jwt' })}x`],
  ['no algorithm with a good signature', `Bearer ${hmacToken({ alg: 'none' })}`],
  ['a header without an algorithm', `Bearer ${hmacToken({ alg: undefined })}`],
  [
    'a good signature by an algorithm that is not on the list',
    `Bearer ${hmacToken({ alg: 'HS512' }, {}, SECRET, 'sha512')}`,
  ],
  ['an algorithm of another kind of key', `Bearer ${rsaToken()}`],
  ['a signature with another secret', `Bearer ${hmacToken({}, {}, `${SECRET}!`)}`],
  ['a signature with an empty secret', `Bearer ${hmacToken({}, {}, '')}`],
  [
    'a signature with one bit turned',
    `Bearer ${head}.${body}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
  ],
  ['a signature that is cut', `Bearer ${head}.${body}.${signature.slice(0, -4)}`],
  [
    'claims changed after signing',
    `Bearer ${head}.${encode({ ...goodClaims, tenant: crypto.randomUUID() })}.${signature}`,
  ],
  [
    'a header changed after signing',
    `Bearer ${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'x' })}.${body}.${signature}`,
  ],
  ['no type', `Bearer ${hmacToken({ typ: undefined })}`],
  ['the type of an ID token', `Bearer ${hmacToken({ typ: 'JWT' })}`],
  ['the type of our own links', `Bearer ${hmacToken({ typ: 'cs-link' })}`],
  ['a critical extension that nobody knows', `Bearer ${hmacToken({ crit: ['exp'], exp: NOW + 600 })}`],
  ['a payload that is not encoded', `Bearer ${hmacToken({ b64: false, crit: ['b64'] })}`],
  ['no expiry', `Bearer ${hmacToken({}, { exp: undefined })}`],
  ['an expiry that is text', `Bearer ${hmacToken({}, { exp: String(NOW + 600) })}`],
  ['an expiry beyond all time', `Bearer ${hmacToken({}, { exp: 1e300 })}`],
  ['an end in the past', `Bearer ${hmacToken({}, { exp: NOW - 31 })}`],
  ['a beginning in the future', `Bearer ${hmacToken({}, { nbf: NOW + 60 })}`],
  ['an issue in the future', `Bearer ${hmacToken({}, { iat: NOW + 60 })}`],
  ['no issuer', `Bearer ${hmacToken({}, { iss: undefined })}`],
  ['another issuer', `Bearer ${hmacToken({}, { iss: 'https://id.example.evil' })}`],
  ['issuers in a list', `Bearer ${hmacToken({}, { iss: [goodClaims.iss] })}`],
  ['no audience', `Bearer ${hmacToken({}, { aud: undefined })}`],
  ['another audience', `Bearer ${hmacToken({}, { aud: 'another-service' })}`],
  ['an empty list of audiences', `Bearer ${hmacToken({}, { aud: [] })}`],
  ['no subject', `Bearer ${hmacToken({}, { sub: undefined })}`],
  ['an empty subject', `Bearer ${hmacToken({}, { sub: '' })}`],
  ['a subject that is a number', `Bearer ${hmacToken({}, { sub: 7 })}`],
  ['no tenant', `Bearer ${hmacToken({}, { tenant: undefined })}`],
  ['a tenant that is no UUID', `Bearer ${hmacToken({}, { tenant: `${TENANT}' OR true --` })}`],
  ['a list of tenants', `Bearer ${hmacToken({}, { tenant: [TENANT] })}`],
  ['several tenants in one text', `Bearer ${hmacToken({}, { tenant: `${TENANT},${TENANT}` })}`],
  ['scopes that are a number', `Bearer ${hmacToken({}, { scope: 1 })}`],
  ['envelopes that are no list', `Bearer ${hmacToken({}, { envelopes: 'all' })}`],
  ['null for the list of envelopes', `Bearer ${hmacToken({}, { envelopes: null })}`],
  ['claims that are a list', `Bearer ${hmacToken({}, '[]')}`],
  ['claims that are no JSON', `Bearer ${hmacToken({}, '{"sub":')}`],
  ['a header that is no JSON', `Bearer ${encode('{')}.${body}.${signature}`],
];

describe('a bad token', () => {
  it.each(BAD)('is refused: %s', async (_title, authorization) => {
    const { message, code } = await refusal(bySecret.verify(authorization));
    expect(code).toBe('UNAUTHENTICATED');
    expect(message).toMatch(/^[A-Z].*\.$/);
    expect(message).not.toContain(SECRET);
    for (const part of [TENANT, 'user-1', ...(authorization ?? '').split('.').filter((part) => part.length > 20)])
      expect(message).not.toContain(part);
  });

  const CLAIM = 'https://id.example/tenant';
  const named = { ...secretConfig, tenantClaim: CLAIM, scopeClaim: 'https://id.example/scopes' };
  const otherwise = { [CLAIM]: TENANT };
  it.each([
    ['no `typ`', hmacToken({ typ: undefined }, otherwise), 'typ', 'missing', '"at+jwt" (AUTH_TYP)'],
    ['another `typ`', hmacToken({ typ: 'JWT' }, otherwise), 'typ', 'wrong', '"at+jwt" (AUTH_TYP)'],
    [
      'no issuer',
      hmacToken({}, { ...otherwise, iss: undefined }),
      'iss',
      'missing',
      '"https://id.example" (AUTH_ISSUER)',
    ],
    ['another issuer', hmacToken({}, { ...otherwise, iss: 'x' }), 'iss', 'wrong', '"https://id.example" (AUTH_ISSUER)'],
    [
      'other audiences',
      hmacToken({}, { ...otherwise, aud: ['x', 'y'] }),
      'aud',
      'wrong',
      '"countersign", alone or in a list (AUTH_AUDIENCE)',
    ],
    ['no tenant', hmacToken(), CLAIM, 'missing', 'the UUID of the tenant (AUTH_TENANT_CLAIM names the claim)'],
    [
      'a tenant that is no UUID',
      hmacToken({}, { [CLAIM]: 'org_42' }),
      CLAIM,
      'malformed',
      'the UUID of the tenant (AUTH_TENANT_CLAIM names the claim)',
    ],
    [
      'no subject',
      hmacToken({}, { ...otherwise, sub: undefined }),
      'sub',
      'missing',
      'a text of 1 to 255 characters that says who asks',
    ],
    [
      'no end',
      hmacToken({}, { ...otherwise, exp: undefined }),
      'exp',
      'missing',
      'the end of the token, in seconds since 1970',
    ],
    [
      'an end in text',
      hmacToken({}, { ...otherwise, exp: 'soon' }),
      'exp',
      'malformed',
      'the end of the token, in seconds since 1970',
    ],
    [
      'scopes in a number',
      hmacToken({}, { ...otherwise, scp: 7 }),
      'scp',
      'malformed',
      'scopes in a text, separated by spaces, or in a list',
    ],
    [
      'configured scopes in an object',
      hmacToken({}, { ...otherwise, 'https://id.example/scopes': { all: true } }),
      'https://id.example/scopes',
      'malformed',
      'scopes in a text, separated by spaces, or in a list',
    ],
    [
      'envelopes in a text',
      hmacToken({}, { ...otherwise, envelopes: 'env_1' }),
      'envelopes',
      'malformed',
      'a list of at most 200 ids (env_…)',
    ],
  ])('is refused with what was looked for: %s', async (_title, token, claim, how, expected) => {
    const verifier = await createVerifier(named, world);
    const { message } = await refusal(verifier.verify(`Bearer ${token}`));
    expect(message).toBe(`The token's \`${claim}\` is ${how}: expected is ${expected}.`);
  });

  it('is refused: encrypted and compressed', async () => {
    const jwe = await new EncryptJWT({ ...goodClaims })
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', typ: 'at+jwt' })
      .encrypt(Buffer.alloc(32, 7));
    await expect(bySecret.verify(`Bearer ${jwe}`)).rejects.toBeInstanceOf(Unauthenticated);
  });
});

describe('a token for a public key', () => {
  it.each([
    ['the public key as an HMAC secret', hmacToken({}, {}, pem(rsa.publicKey))],
    ['the public key as an HMAC secret, under the name of RSA', hmacToken({ alg: 'RS256' }, {}, pem(rsa.publicKey))],
    ['another RSA key', rsaToken({}, {}, otherRsa.privateKey)],
    [
      'a key that came in its own header',
      rsaToken({ jwk: otherRsa.publicKey.export({ format: 'jwk' }) }, {}, otherRsa.privateKey),
    ],
    ['a key at an address in its header', rsaToken({ jku: 'https://evil.example/keys' }, {}, otherRsa.privateKey)],
    ['certificates at an address in its header', rsaToken({ x5u: 'https://evil.example/x5' }, {}, otherRsa.privateKey)],
    ['a key id that is a path', rsaToken({ kid: '../../../../dev/null' }, {}, otherRsa.privateKey)],
    ['a key id that is SQL', rsaToken({ kid: "x' UNION SELECT 'key'--" }, {}, otherRsa.privateKey)],
    [
      'the same key by an algorithm that is not on the list',
      rsaToken({ alg: 'PS256' }, {}, rsa.privateKey, constants.RSA_PKCS1_PSS_PADDING),
    ],
  ])('is refused when it is signed with %s', async (_title, token) => {
    await expect(byRsa.verify(`Bearer ${token}`)).rejects.toBeInstanceOf(Unauthenticated);
  });
});

describe('time', () => {
  it('ends a token half a minute after its expiry, for clocks that differ', async () => {
    const moving = manualWorld();
    const verifier = await createVerifier(secretConfig, moving);
    const token = `Bearer ${hmacToken()}`;
    moving.advance(629_000);
    await expect(verifier.verify(token)).resolves.toBeTruthy();
    moving.advance(2_000);
    expect((await refusal(verifier.verify(token))).message).toContain('expired');
  });
});

describe('a verifier', () => {
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey;
  it.each([
    ['no algorithm', { ...secretConfig, algorithms: [] }],
    ['the algorithm "none"', { ...secretConfig, algorithms: ['none'] }],
    ['HMAC with a public key', { ...rsaConfig, algorithms: ['HS256'] }],
    ['HMAC among the algorithms of a public key', { ...rsaConfig, algorithms: ['RS256', 'HS256'] }],
    ['RSA with a secret', { ...secretConfig, algorithms: ['RS256'] }],
    ['a secret of 31 bytes', { ...secretConfig, key: { kind: 'secret' as const, secret: 'x'.repeat(31) } }],
    ['HS512 with a secret of fewer than 64 bytes', { ...secretConfig, algorithms: ['HS512'] }],
    ['an RSA key of 1024 bits', { ...rsaConfig, key: { kind: 'public' as const, key: pem(weak) } }],
    ['a JWK that is broken', { ...rsaConfig, key: { kind: 'public' as const, key: '{"kty":' } }],
    ['a private key', { ...rsaConfig, key: { kind: 'public' as const, key: pem(rsa.privateKey) } }],
    ['an elliptic curve with RS256', { ...rsaConfig, key: { kind: 'public' as const, key: pem(ec.publicKey) } }],
    ['HMAC with a key set', { ...secretConfig, key: { kind: 'jwks' as const, url: 'https://id.example/keys' } }],
  ])('is not made for %s', async (_title, config) => {
    await expect(createVerifier(config, world)).rejects.toThrow(TypeError);
  });
});
