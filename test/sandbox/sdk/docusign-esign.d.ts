/** What the tests use of DocuSign's SDK, which brings no types. */
declare module 'docusign-esign' {
  type Model = Record<string, unknown>;
  type Account = { accountId: string; accountName: string; baseUri: string; isDefault: string };
  type Options = Record<string, unknown>;

  class ApiClient {
    setBasePath(path: string): void;
    setOAuthBasePath(host: string): void;
    addDefaultHeader(name: string, value: string): void;
    requestJWTUserToken(
      clientId: string,
      userId: string,
      scopes: readonly string[],
      privateKey: Buffer,
      expiresIn: number,
    ): Promise<{ status: number; body: { access_token: string; token_type: string; expires_in: number } }>;
    getUserInfo(accessToken: string): Promise<{ sub: string; name: string; email: string; accounts: Account[] }>;
  }

  class EnvelopesApi {
    constructor(client: ApiClient);
    createEnvelope(accountId: string, options: Options): Promise<Model & { envelopeId: string }>;
    getEnvelope(accountId: string, envelopeId: string, options?: Options): Promise<Model>;
    getEnvelope(
      accountId: string,
      envelopeId: string,
      options: Options,
      callback: (error: unknown, data: Model, response: { headers: Record<string, string> }) => void,
    ): void;
    update(accountId: string, envelopeId: string, options: Options): Promise<Model>;
    listStatusChanges(accountId: string, options?: Options): Promise<Model>;
    listStatus(accountId: string, options: Options): Promise<Model>;
    listRecipients(accountId: string, envelopeId: string, options?: Options): Promise<Model>;
    createRecipient(accountId: string, envelopeId: string, options: Options): Promise<Model>;
    updateRecipients(accountId: string, envelopeId: string, options: Options): Promise<Model>;
    deleteRecipient(accountId: string, envelopeId: string, recipientId: string): Promise<Model>;
    createRecipientView(accountId: string, envelopeId: string, options: Options): Promise<{ url: string }>;
    listDocuments(accountId: string, envelopeId: string): Promise<Model>;
    getDocument(accountId: string, envelopeId: string, documentId: string): Promise<Buffer>;
    getNotificationSettings(accountId: string, envelopeId: string): Promise<Model>;
    updateNotificationSettings(accountId: string, envelopeId: string, options: Options): Promise<Model>;
    listAuditEvents(accountId: string, envelopeId: string): Promise<Model>;
    listCustomFields(accountId: string, envelopeId: string): Promise<Model>;
    getFormData(accountId: string, envelopeId: string): Promise<Model>;
  }

  class ConnectApi {
    constructor(client: ApiClient);
    createConfiguration(accountId: string, options: Options): Promise<Model & { connectId: string }>;
    getConfiguration(accountId: string, connectId: string): Promise<Model>;
    listConfigurations(accountId: string): Promise<Model>;
    updateConfiguration(accountId: string, options: Options): Promise<Model>;
    deleteConfiguration(accountId: string, connectId: string): Promise<Model>;
    createConnectSecret(accountId: string): Promise<Model>;
    getConnectSecret(accountId: string): Promise<Model>;
    deleteConnectSecret(accountId: string, keyId: string): Promise<Model>;
    listEventFailureLogs(accountId: string, options?: Options): Promise<Model>;
    listEventLogs(accountId: string, options?: Options): Promise<Model>;
    getEventLog(accountId: string, logId: string, options?: Options): Promise<Model>;
    deleteEventLogs(accountId: string): Promise<Model>;
    retryEventForEnvelope(accountId: string, envelopeId: string): Promise<Model>;
    retryEventForEnvelopes(accountId: string, options: Options): Promise<Model>;
  }

  const docusign: {
    ApiClient: typeof ApiClient;
    EnvelopesApi: typeof EnvelopesApi;
    ConnectApi: typeof ConnectApi;
  };
  export type Client = ApiClient;
  export default docusign;
}
