/**
 * The platform's errors: a code, a status, a message, as its REST API answers them.
 * @module
 */

export class ApiError extends Error {
  readonly status: number;
  readonly errorCode: string;

  constructor(errorCode: string, message: string, status = 400) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

export function invalidParameter(detail: string): ApiError {
  return new ApiError('INVALID_REQUEST_PARAMETER', `The request contained at least one invalid parameter. ${detail}`);
}

export function invalidBody(detail = ''): ApiError {
  return new ApiError('INVALID_REQUEST_BODY', `The request body is missing or improperly formatted. ${detail}`.trim());
}

export function invalidToken(): ApiError {
  return new ApiError(
    'AUTHORIZATION_INVALID_TOKEN',
    'The access token provided is expired, revoked or malformed.',
    401,
  );
}

/** 404 on reads, 400 elsewhere: both are seen on the platform. */
export function unknownEnvelope(method: string): ApiError {
  return new ApiError(
    'ENVELOPE_DOES_NOT_EXIST',
    'The envelope specified either does not exist or you have no rights to it.',
    method === 'GET' ? 404 : 400,
  );
}

export function invalidStatus(detail: string): ApiError {
  return new ApiError('ENVELOPE_INVALID_STATUS', `The envelope status is not valid for this operation. ${detail}`);
}

export function unknownDocument(): ApiError {
  return new ApiError('DOCUMENT_DOES_NOT_EXIST', 'The document specified was not found.', 404);
}
