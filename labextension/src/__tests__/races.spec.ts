import { PanelModel } from '../models/panel';
import { PATH, servedProject } from './served';
import { aRun, anAnswer, anEvent, settled } from './wire';
import type { FakeServer } from './wire';

describe('answers in another order than they were asked for', () => {
  let server: FakeServer;
  let model: PanelModel;

  async function opened(path = 'digits/model.ipynb'): Promise<void> {
    await model.setNotebook(path);
    await settled();
  }

  beforeEach(() => {
    server = servedProject();
    model = new PanelModel({ api: server.api, chartWidth: () => 300 });
  });

  afterEach(() => model.dispose());

  it('shows no answer that comes late for another project', async () => {
    const late = new Gate();
    const release = { tag: 'v1', version: '1', commit: '4f1c', created_at: '2026-11-20T10:00:00Z' };
    server
      .on(`GET /runs?${PATH}&limit=20`, late.holding({ runs: [aRun()], next: null }))
      .on(`GET /releases?${PATH}`, late.holding({ releases: [release] }))
      .on('POST /runs', late.holding(aRun({ run_id: 'r9' })));
    await opened();
    const starting = model.start();
    await opened('other/model.ipynb');
    late.open();
    await starting;
    await settled();

    expect(model.state.run).toBeNull();
    expect(model.state.history).toMatchObject({ runs: [], fault: null });
    expect(model.state.release.releases).toEqual([]);
  });

  it('keeps the newer list of runs where an older answer comes late', async () => {
    const late = new Gate();
    const list = `GET /runs?${PATH}&limit=20`;
    server
      .on(list, late.holding({ runs: [aRun({ run_id: 'r1' })], next: null }))
      .on('GET /runs/r1', anAnswer())
      .on('GET /runs/r2', anAnswer({ run_id: 'r2' }));
    await opened();
    server.on(list, { runs: [aRun({ run_id: 'r2' }), aRun({ run_id: 'r1' })], next: null });
    model.receive(anEvent(1, { run_id: 'r2', kind: 'run', suite: null }));
    await settled();
    late.open();
    await settled();

    expect(model.state.history.runs.map(run => run.run_id)).toEqual(['r2', 'r1']);
  });

  it('reads the list anew where there are runs between the newest page and the known ones', async () => {
    const list = `GET /runs?${PATH}&limit=20`;
    server
      .on(list, { runs: [aRun({ run_id: 'r1' })], next: null })
      .on('GET /runs/r1', anAnswer())
      .on('GET /runs/r99', anAnswer({ run_id: 'r99' }));
    await opened();
    server.on(list, { runs: [aRun({ run_id: 'r99' })], next: 'r99' });
    model.receive(anEvent(1, { run_id: 'r99', kind: 'run', suite: null }));
    await settled();

    expect(model.state.history.runs.map(run => run.run_id)).toEqual(['r99']);
    expect(model.state.history.more).toBe(true);
  });

  it('comes back to what was on show when the server is back', async () => {
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun()], next: null })
      .on('GET /runs/r1', anAnswer());
    await opened();
    model.chooseTarget('released');
    const project = server.routes.get('GET /project?path=digits%2Fmodel.ipynb');
    server.on('GET /project?path=digits%2Fmodel.ipynb', () => {
      throw new TypeError('connection refused');
    });
    await opened();
    const away = model.state.project.kind;
    server.on('GET /project?path=digits%2Fmodel.ipynb', project);
    model.setVisible(true); // as its poll does
    await settled();

    expect(away).toBe('failed');
    expect(model.state).toMatchObject({
      project: { kind: 'ready' },
      choice: { target: 'released' },
      run: { runId: 'r1' }
    });
  });
});

/** Holds answers back until it is opened. */
class Gate {
  open: () => void = () => undefined;
  private readonly opened = new Promise<void>(resolve => {
    this.open = resolve;
  });

  holding(answer: unknown): () => Promise<unknown> {
    return () => this.opened.then(() => answer);
  }
}
