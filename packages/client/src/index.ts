export type { Answer, AnswerWithStatus, List, Page } from './answers.ts';
export {
  type AnyCollection,
  type AnyNested,
  type Children,
  type Client,
  type ClientOptions,
  type Collection,
  createClient,
  type Relation,
} from './client.ts';
export { ClientError } from './client-error.ts';
export type { Http, Method, Values } from './http.ts';
