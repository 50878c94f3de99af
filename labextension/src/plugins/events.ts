import type { Event } from '@jupyterlab/services';
import type { PanelModel } from '../models/panel';
import { RUN_EVENT } from '../tokens';
import type { RunEvent } from '../view';

/** Pass the server's run events on to the model, which takes them as hints. */
export function passEvents(model: PanelModel, events: Event.IManager): void {
  events.stream.connect((_, emission) => {
    if (emission.schema_id === RUN_EVENT && !model.isDisposed) {
      model.receive(emission as unknown as RunEvent);
    }
  });
}
