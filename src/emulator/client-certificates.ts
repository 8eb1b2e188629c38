import type {
  ClientCertificate as CertificateShape,
  ClientCertificates,
  DeleteClientCertificateRequest,
  GenerateClientCertificateRequest,
  GetClientCertificateRequest,
  GetClientCertificatesRequest,
  UpdateClientCertificateRequest,
} from '@aws-sdk/client-api-gateway';
import { given, orAbsent } from './absent.ts';
import type { Operation } from './context.ts';
import { badRequest, limitExceeded, notFound } from './errors.ts';
import { page } from './pages.ts';
import { type Grammar, patched, replace } from './patch.ts';
import type { AccountState, ClientCertificate } from './state.ts';
import { checkTags } from './tag-rules.ts';

const LIFETIME = 365 * 24 * 3600 * 1000;

/** Throws NotFoundException. */
export function findCertificate(state: AccountState, id: string): ClientCertificate {
  const certificate = state.clientCertificates.get(id);
  if (!certificate) throw notFound('Invalid Client Certificate ID specified');
  return certificate;
}

const shown = (certificate: ClientCertificate): CertificateShape => ({
  ...certificate,
  tags: orAbsent(certificate.tags),
});

/** The certificate is a place holder in PEM armour: nothing verifies with it. */
export const generateClientCertificate: Operation<
  GenerateClientCertificateRequest,
  CertificateShape
> = (request, context) => {
  const { state, now, random } = context;
  checkTags(request.tags);
  if (state.clientCertificates.size >= state.limits.clientCertificates)
    throw limitExceeded('Client Certificates for this account');
  const certificate: ClientCertificate = {
    clientCertificateId: random.id(6),
    description: given(request.description),
    pemEncodedCertificate: `-----BEGIN CERTIFICATE-----\n${random.secret(64)}\n-----END CERTIFICATE-----`,
    createdDate: new Date(now),
    expirationDate: new Date(now + LIFETIME),
    tags: orAbsent(request.tags),
  };
  state.clientCertificates.set(certificate.clientCertificateId, certificate);
  return shown(certificate);
};

export const getClientCertificate: Operation<GetClientCertificateRequest, CertificateShape> = (
  { clientCertificateId },
  { state },
) => shown(findCertificate(state, clientCertificateId));

export const getClientCertificates: Operation<GetClientCertificatesRequest, ClientCertificates> = (
  paging,
  { state },
) => {
  const { items, position } = page(
    state.clientCertificates.values(),
    (certificate) => certificate.clientCertificateId,
    paging,
  );
  return { items: items.map(shown), position };
};

const grammar: Grammar<ClientCertificate> = {
  rules: [
    replace('/description', (certificate, { value }) => {
      certificate.description = given(value);
    }),
  ],
};

export const updateClientCertificate: Operation<
  UpdateClientCertificateRequest,
  CertificateShape
> = (request, { state }) => {
  const { clientCertificateId, patchOperations } = request;
  const certificate = patched(
    findCertificate(state, clientCertificateId),
    patchOperations,
    grammar,
    'updateClientCertificateInput',
  );
  state.clientCertificates.set(clientCertificateId, certificate);
  return shown(certificate);
};

/** Refused while a stage uses it (UNCONFIRMED). */
export const deleteClientCertificate: Operation<DeleteClientCertificateRequest> = (
  { clientCertificateId },
  { state },
) => {
  findCertificate(state, clientCertificateId);
  const stages = [...state.restApis.values()].flatMap((tree) => [...tree.stages.values()]);
  if (stages.some((stage) => stage.clientCertificateId === clientCertificateId)) {
    throw badRequest('Client Certificate is in use by a stage');
  }
  state.clientCertificates.delete(clientCertificateId);
};
