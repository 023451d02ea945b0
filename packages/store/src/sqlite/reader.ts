import type { Change, Kind, RowOf } from '@openvnet/model';
import type { Logged, Page, Reader, Where } from '../reader.ts';
import type { History } from './history.ts';
import type { RowSource } from './rows.ts';

/** Reads within one transaction or one `read`, until that ends. */
export class SqliteReader implements Reader {
  protected readonly rows: RowSource;
  readonly #history: History;
  #ended = false;

  constructor(rows: RowSource, history: History) {
    this.rows = rows;
    this.#history = history;
  }

  get revision(): number {
    return this.#history.revision;
  }

  async get<K extends Kind>(kind: K, id: number): Promise<RowOf<K> | undefined> {
    this.requireOpen();
    return this.rows.one(kind, 'id', id) as RowOf<K> | undefined;
  }

  async byUuid<K extends Kind>(kind: K, uuid: string): Promise<RowOf<K> | undefined> {
    this.requireOpen();
    return this.rows.one(kind, 'uuid', uuid) as RowOf<K> | undefined;
  }

  async find<K extends Kind>(kind: K, where: Where<K>, page?: Page): Promise<RowOf<K>[]> {
    this.requireOpen();
    return this.rows.find(kind, where, page) as never[];
  }

  async count<K extends Kind>(kind: K, where: Where<K> = {}): Promise<number> {
    this.requireOpen();
    return this.rows.count(kind, where);
  }

  async revisionsOf(kind: Kind, ids: readonly number[]): Promise<Map<number, number>> {
    this.requireOpen();
    return this.#history.revisionsOf(kind, ids);
  }

  async changesSince(revision: number): Promise<Change[] | undefined> {
    this.requireOpen();
    return this.#history.since(revision);
  }

  async log(of: Parameters<Reader['log']>[0]): Promise<Logged[]> {
    this.requireOpen();
    return this.#history.log(of);
  }

  async logAfter(revision: number, mostRevisions: number): Promise<Logged[]> {
    this.requireOpen();
    return this.#history.logAfter(revision, mostRevisions);
  }

  end(): void {
    this.#ended = true;
  }

  protected requireOpen(): void {
    if (this.#ended) throw new Error('the transaction or read has ended: a promise in it was not awaited');
  }
}
