import type { Subfield } from '@openvnet/openflow';
import { Compiler } from '../engine/compiler.ts';
import { portOf } from '../engine/relations.ts';
import type { AnyFeature } from '../engine/stages.ts';
import { derivations, features } from '../features/index.ts';
import type { Flow } from '../pipeline/flow.ts';
import { missFlows } from '../pipeline/misses.ts';
import { places, registerNames } from '../pipeline/places.ts';
import type { RegisterName } from '../pipeline/registers.ts';
import { drawnDatapath } from './draws.ts';
import { TestModel } from './model.ts';
import { switchPorts, type Topology, tunnelPorts } from './random.ts';

/** The flows of a topology as features say them: with the names of tables and registers. */
export function saidFlows({ rows, resolved }: Topology): Flow[] {
  const said: Flow[] = [...missFlows(), ...features.flatMap(({ always = [] }) => always)];
  const heard = features.map(
    (each): AnyFeature => ({
      ...each,
      flows: (item) => {
        const flows = each.flows(item);
        said.push(...flows);
        return flows;
      },
    }),
  );
  const model = new TestModel();
  for (const row of rows) model.put(...row);
  const compiler = new Compiler(drawnDatapath, model.relations, derivations, heard);
  for (const [id, name] of switchPorts) compiler.relations.port.set(portOf({ id, name, iface_id: null }));
  for (const [id, encapsulation] of tunnelPorts) compiler.relations.tunnel.set({ id, encapsulation });
  for (const row of resolved) compiler.relations.resolved.set(row);
  compiler.update();
  return said;
}

/** The register that an action names, which its place does not say by itself. */
export function registerOf(place: Subfield): RegisterName | undefined {
  return registerNames.find((name) => places[name] === place);
}
