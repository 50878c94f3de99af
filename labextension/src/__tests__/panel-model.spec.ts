import { PanelModel } from '../models/panel';
import { PATH, servedProject } from './served';
import { aProject, aRun, aSuite, anAnswer, anEvent, errorAnswer, settled } from './wire';
import type { FakeServer } from './wire';

const PROJECT = 'digits/deployfeedback.yaml';

describe('the panel', () => {
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

  it('takes the default target of the project and asks how it is', async () => {
    await opened();

    expect(model.state.choice.target).toBe('candidate');
    expect(model.state.health).toMatchObject({ kind: 'known', health: { facts: { ready: true } } });
  });

  it('keeps what was chosen while the notebook is renamed', async () => {
    await opened();
    model.chooseTarget('released');
    await opened('digits/renamed.ipynb');

    expect(model.state.notebook).toBe('digits/renamed.ipynb');
    expect(model.state.choice.target).toBe('released');
  });

  it('belongs to the project of the notebook that was opened last, whichever answer comes first', async () => {
    let answerFirst: (value: unknown) => void = () => undefined;
    server.on(
      'GET /project?path=digits%2Fmodel.ipynb',
      () => new Promise(resolve => (answerFirst = resolve))
    );
    void model.setNotebook('digits/model.ipynb');
    await opened('other/model.ipynb');
    answerFirst({ project: aProject(), problems: [] });
    await settled();

    expect(model.state.project).toMatchObject({ kind: 'ready', project: { name: 'other' } });
    expect(model.state.choice.target).toBe('released');
  });

  it('names the notebook whose project it shows, not the one it still asks about', async () => {
    await opened();
    server.on('GET /project?path=other%2Fmodel.ipynb', () => new Promise(() => undefined));
    void model.setNotebook('other/model.ipynb');
    await settled();

    expect(model.state.notebook).toBe('digits/model.ipynb');
  });

  it.each([
    { status: 404, error: 'project_not_found', kind: 'absent' },
    { status: 422, error: 'project_invalid', kind: 'broken' },
    { status: 500, error: 'store_unavailable', kind: 'failed' }
  ])('says $kind for $error', async ({ status, error, kind }) => {
    const body = { error, message: 'm', remedy: 'r', findings: [], problems: [] };
    server.on('GET /project?path=digits%2Fmodel.ipynb', () => errorAnswer(status, body));
    await opened();

    expect(model.state.project.kind).toBe(kind);
  });

  it('finds the newest run again after a reload', async () => {
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun()], next: null })
      .on('GET /runs/r1', anAnswer({ seq: 3 }));
    await opened();

    expect(model.state.run?.answer?.run.state).toBe('running');
  });

  it('shows the newest run that ran, not what was imported since', async () => {
    const imported = aRun({ run_id: 'r2', state: 'finished', imported: 'pr-12-inference' });
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [imported, aRun()], next: null })
      .on('GET /runs/r1', anAnswer({ seq: 3 }));
    await opened();

    expect(model.state.run?.answer?.run.run_id).toBe('r1');
  });

  it('runs the chosen suites against the chosen target of the project on show', async () => {
    server
      .on('POST /runs', aRun({ state: 'queued', created_at: '2026-11-20T10:00:00Z' }))
      .on('GET /runs/r1', anAnswer());
    await opened();
    model.chooseSuites(['smoke']);
    await model.start();

    const posted = server.calls.find(call => call.method === 'POST');
    expect(posted?.body).toEqual({ path: PROJECT, target: 'candidate', suites: ['smoke'] });
  });

  it('sends the address that was typed for a target without one, and to no other', async () => {
    const known = aProject();
    const targets = known.targets.map(each => ({ ...each, url: null }));
    server
      .on('GET /project?path=digits%2Fmodel.ipynb', {
        project: { ...known, targets },
        problems: []
      })
      .on('POST /runs', aRun({ state: 'queued', created_at: '2026-11-20T10:00:00Z' }))
      .on('GET /runs/r1', anAnswer());
    await opened();
    model.chooseAddress(' http://h ');
    await model.start();

    const posted = server.calls.find(call => call.method === 'POST');
    expect(posted?.body).toMatchObject({ target: 'candidate', urls: { candidate: 'http://h' } });
    model.chooseTarget('released');
    expect(model.state.choice.address).toBe('');
  });

  it('does not fall back to an older run while the list lacks the one it started', async () => {
    const older = aRun({ run_id: 'r0', state: 'lost', created_at: '2026-11-19T10:00:00Z' });
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [older], next: null })
      .on('GET /runs/r0', anAnswer(older))
      .on('POST /runs', aRun({ state: 'queued', created_at: '2026-11-20T10:00:00Z' }))
      .on('GET /runs/r1', anAnswer());
    await opened();
    await model.start();
    await settled();

    expect(model.state.run?.runId).toBe('r1');
  });

  it('says why a run could not be started', async () => {
    const body = { error: 'kernel_not_found', message: 'No kernel julia.', remedy: 'Install it.' };
    server.on('POST /runs', () => errorAnswer(422, body));
    await opened();
    await model.start();

    expect(model.state.fault).toMatchObject({ message: 'No kernel julia.', remedy: 'Install it.' });
    expect(model.state.starting).toBe(false);
  });

  it('goes on to a run that was started elsewhere', async () => {
    await opened();
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun()], next: null })
      .on('GET /runs/r1', anAnswer());
    model.receive(anEvent(1, { kind: 'run', suite: null, state: 'queued' }));
    await settled();

    expect(model.state.run?.runId).toBe('r1');
  });

  it('stays at an earlier run that was asked for', async () => {
    const older = aRun({ run_id: 'r0', state: 'lost', created_at: '2026-11-19T10:00:00Z' });
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun(), older], next: null })
      .on('GET /runs/r0', anAnswer(older))
      .on('GET /runs/r1', anAnswer());
    await opened();
    model.showRun('r0');
    model.receive(anEvent(1, { run_id: 'r2', kind: 'run', suite: null }));
    await settled();

    expect(model.state).toMatchObject({ latest: false, run: { runId: 'r0' } });
  });

  it('shows the state of the run it follows in the history too', async () => {
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun({ state: 'queued' })], next: null })
      .on('GET /runs/r1', anAnswer({ state: 'running' }));
    await opened();

    expect(model.state.history.runs[0]?.state).toBe('running');
  });

  it('pages through older runs and keeps them when the newest are read again', async () => {
    const older = aRun({ run_id: 'r0', state: 'lost', created_at: '2026-11-19T10:00:00Z' });
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun()], next: 'r1' })
      .on(`GET /runs?${PATH}&limit=20&after=r1`, { runs: [older], next: null })
      .on('GET /runs/r1', anAnswer());
    await opened();
    const more = model.state.history.more;
    await model.moreRuns();
    await opened();

    expect(more).toBe(true);
    expect(model.state.history.runs.map(run => run.run_id)).toEqual(['r1', 'r0']);
    expect(model.state.history.more).toBe(false);
  });

  it('shows the tag that was made', async () => {
    const release = {
      tag: 'v2.1.0',
      version: '2.1.0',
      commit: '4f1c',
      created_at: '2026-11-20T10:00:00Z'
    };
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun({ state: 'finished' })], next: null })
      .on('GET /runs/r1', anAnswer({ state: 'finished', verdict: 'pass' }))
      .on('POST /releases', release);
    await opened();
    await model.tag('2.1.0', false);

    expect(model.state.release.tagged?.tag).toBe('v2.1.0');
    expect(server.calls.find(call => call.method === 'POST')?.body).toEqual({
      run_id: 'r1',
      version: '2.1.0',
      push: false,
      by: ''
    });
  });

  it('says which findings keep the gate closed', async () => {
    const body = { error: 'gate_closed', message: 'Closed.', remedy: '', findings: ['Too slow.'] };
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun({ state: 'finished' })], next: null })
      .on('GET /runs/r1', anAnswer({ state: 'finished', verdict: 'fail' }))
      .on('POST /releases', () => errorAnswer(409, body));
    await opened();
    await model.tag('2.1.0', false);

    expect(model.state.release.fault?.findings).toEqual(['Too slow.']);
  });

  it('forgets the runs of a project that is no longer on show', async () => {
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun()], next: null })
      .on('GET /runs/r1', anAnswer());
    await opened();
    await opened('other/model.ipynb');

    expect(model.state.run).toBeNull();
    expect(model.state.history.runs).toEqual([]);
  });

  it('chooses no suite that is not meant for the target', async () => {
    const suites = [aSuite('smoke'), aSuite('only', { targets: ['candidate'] })];
    server.on('GET /project?path=digits%2Fmodel.ipynb', {
      project: aProject({ suites }),
      problems: []
    });
    await opened();
    model.chooseSuites(['only']);
    model.chooseTarget('released');

    expect(model.state.choice.suites).toEqual([]);
  });
});
