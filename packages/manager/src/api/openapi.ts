import { apiErrors, columnOf, type Field, fieldsOf, type Kind, kinds, resourceOf } from '@openvnet/model';
import type { Answer, Endpoint, Parameter } from './endpoint.ts';

type Json = Record<string, unknown>;

/** The description of the API, made from its endpoints and the declarations of the resources. */
export function openapi(endpoints: readonly Endpoint[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const endpoint of endpoints) {
    const path = `/api/1.0${endpoint.path.replace(/:(\w+)/g, '{$1}')}`;
    paths[path] ??= {};
    paths[path][endpoint.method.toLowerCase()] = operation(endpoint);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'OpenVNet', version, description: 'Virtual networks over Open vSwitch.', license },
    servers: [{ url: '/' }],
    tags: [...new Set(endpoints.map(({ group }) => group))].map((name) => ({ name })),
    paths,
    components: {
      schemas: {
        Error: errorSchema,
        Status: statusSchema,
        ...Object.fromEntries(kinds.map((kind) => [resourceOf(kind).model, recordSchema(kind)])),
      },
    },
  };
}

const license = { name: 'Apache-2.0', identifier: 'Apache-2.0' };

function operation({ method, path, doc, group, parameters, answer }: Endpoint): Json {
  const inPath = [...path.matchAll(/:(\w+)/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
  const inQuery = method === 'GET' || method === 'DELETE';
  const refused = { description: 'Refused', content: json({ $ref: '#/components/schemas/Error' }) };
  return {
    operationId: `${method.toLowerCase()}${path.replace(/[/:]+(\w)/g, (_, letter: string) => `_${letter}`)}`,
    summary: doc.split('. ')[0],
    description: doc,
    tags: [group],
    parameters: [
      ...inPath,
      ...(inQuery
        ? parameters.map((parameter) => ({
            name: parameter.name,
            in: 'query',
            required: parameter.required,
            description: parameter.field.doc,
            schema: parameterSchema(parameter),
          }))
        : []),
    ],
    ...(!inQuery && parameters.length > 0 && { requestBody: body(parameters) }),
    responses: { 200: { description: 'Done', content: json(answerSchema(answer)) }, 400: refused, 404: refused },
  };
}

function body(parameters: readonly Parameter[]): Json {
  const required = parameters.filter((one) => one.required).map(({ name }) => name);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(parameters.map((one) => [one.name, parameterSchema(one)])),
    ...(required.length > 0 && { required }),
  };
  return {
    required: required.length > 0,
    content: { 'application/json': { schema }, 'application/x-www-form-urlencoded': { schema } },
  };
}

function parameterSchema({ field }: Parameter): Json {
  const schema = { ...field.json, description: field.doc };
  return field.default === undefined ? schema : { ...schema, default: field.default };
}

function recordSchema(kind: Kind): Json {
  const declared = resourceOf(kind);
  const properties: Record<string, Json> = {};
  if (declared.housekeeping !== false) properties.id = { type: 'integer' };
  if (declared.idPrefix) properties.uuid = { type: 'string', examples: [`${declared.idPrefix}-abcdefgh`] };
  for (const [name, field] of fieldsOf(declared)) {
    if (field.type !== 'reference') properties[name] = shownSchema(field);
    if (field.show?.includes('id')) properties[columnOf(name, field)] = { type: ['integer', 'null'] };
    if (field.show?.includes('uuid')) properties[name] = { type: ['string', 'null'], description: field.doc };
  }
  properties.created_at = { type: 'string', examples: ['2026-01-31 12:00:00 UTC'] };
  properties.updated_at = { type: 'string' };
  return { type: 'object', description: declared.doc, properties, additionalProperties: true };
}

function shownSchema(field: Field): Json {
  const type = field.type === 'integer' ? 'integer' : field.type === 'boolean' ? 'boolean' : 'string';
  return {
    type: field.optional && field.default === undefined ? [type, 'null'] : type,
    description: field.doc,
    ...(field.values && { examples: field.values }),
  };
}

function answerSchema(answer: Answer): Json {
  switch (answer.shape) {
    case 'uuids':
      return { type: 'array', items: { type: 'string' } };
    case 'object':
      return { type: 'object', additionalProperties: true };
    case 'status':
      return { $ref: '#/components/schemas/Status' };
    case 'record':
      return recordReference(answer.kind);
    case 'records':
      return { type: 'array', items: recordReference(answer.kind) };
    case 'list': {
      const number = { type: 'integer' };
      const items = { type: 'array', items: recordReference(answer.kind) };
      return { type: 'object', properties: { total_count: number, offset: number, limit: number, items } };
    }
  }
}

function recordReference(kind: Kind): Json {
  return { $ref: `#/components/schemas/${resourceOf(kind).model}` };
}

function json(schema: Json): Json {
  return { 'application/json': { schema } };
}

const texts = { type: 'array', items: { type: 'string' } };

const errorSchema = {
  type: 'object',
  required: ['error', 'message', 'code'],
  properties: {
    error: { type: 'string', examples: Object.values(apiErrors).map(({ name }) => `Vnet::Endpoints::Errors::${name}`) },
    message: { type: 'string' },
    code: {
      type: 'string',
      description: Object.values(apiErrors)
        .map(({ code, doc }) => `${code}: ${doc}`)
        .join(' '),
    },
    hint: { type: 'string', description: 'What is expected, and the command that helps.' },
  },
};

const statusSchema = {
  type: 'object',
  required: ['realised', 'on', 'waits_for', 'notes'],
  properties: {
    realised: { type: 'boolean', description: 'Whether it is in effect.' },
    on: {
      type: 'array',
      items: {
        type: 'object',
        properties: {
          datapath_uuid: { type: 'string' },
          port_name: { type: ['string', 'null'] },
          port_number: { type: ['integer', 'null'] },
        },
      },
    },
    waits_for: { ...texts, description: 'What keeps it from being in effect.' },
    notes: texts,
  },
};
