import { ApiError, type boolean, resourceOf, shell } from '@openvnet/model';
import type { Endpoint } from '../api/endpoint.ts';
import { objectInPath, parametersFor, readParameters } from '../api/parameters.ts';
import { recordOf } from '../api/record.ts';
import type { Agent, Held } from '../status/agents.ts';
import { digitsOf } from '../status/facts.ts';
import { askForFlows } from './flows.ts';
import type { Inside } from './inside.ts';

const { method, doc, parameters: fields } = resourceOf('datapath').actions!.adopt!;
const parameters = parametersFor(Object.entries(fields as { confirm: ReturnType<typeof boolean> }), 'make');

/** Confirms that this store takes the place of the one whose flows a host holds, or says what would go. */
export function adoptEndpoint(inside: Inside): Endpoint {
  const { store, agents } = inside;
  return {
    method,
    path: '/datapaths/:uuid/adopt',
    doc,
    group: 'datapaths',
    parameters,
    answer: { shape: 'record', kind: 'datapath' },
    async handle({ path, given, signal }) {
      const { confirm = false } = readParameters(parameters, given) as { confirm?: boolean };
      const { row, record } = await store.read(async (reader) => {
        const row = await objectInPath(reader, 'datapath', path.uuid!);
        return { row, record: await recordOf(reader, 'datapath', row) };
      });
      const found = agents
        .all()
        .filter(isHeld)
        .find(({ node, bridges }) => node === row.node_id || bridges.some(({ dpid }) => digitsOf(dpid) === row.dpid));
      if (!found) {
        throw new ApiError('argument', `${row.uuid} has nothing to adopt: no agent has flows of another store for it`, {
          hint: 'Use: vnctl status',
        });
      }
      const { flows, guests } = await whatGoes(inside, found, signal);
      if (confirm) found.held.release();
      const counts = `${flows} flows${guests.length > 0 ? `, among them those of ${guests.length} guests: ${guests.join(', ')}` : ''}`;
      const adoption = confirm
        ? `The switches of ${found.node} follow this store from now on; ${counts} are deleted.`
        : `On ${found.node}, this would delete ${counts}. To confirm, use: ${shell`vnctl datapaths adopt ${row.uuid} --confirm`}`;
      return { ...record, node: found.node, confirmed: confirm, flows_gone: flows, guests_gone: guests, adoption };
    },
  };
}

function isHeld(agent: Agent): agent is Agent & { held: Held } {
  return agent.held !== undefined;
}

/** The flows of objects that are not registered here, and the interfaces among those. */
async function whatGoes({ store, agents }: Inside, agent: Agent, signal: AbortSignal) {
  const { flows } = await askForFlows(agents, { about: 'flows' }, signal, [agent]);
  const uuids = [...new Set(flows.flatMap(({ interface_uuid }) => interface_uuid ?? []))];
  const here = new Set((await store.find('interface', { uuid: uuids })).map(({ uuid }) => uuid));
  const guests = uuids.filter((uuid) => !here.has(uuid)).sort();
  const gone = new Set(guests);
  const registered = await store.count('interface');
  // Where nothing is registered, nothing stays; else those that belong to no interface may stay as they are.
  const going = flows.filter(({ interface_uuid }) => registered === 0 || (interface_uuid && gone.has(interface_uuid)));
  return { flows: going.length, guests };
}
