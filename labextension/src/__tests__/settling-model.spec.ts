import { PanelModel } from '../models/panel';
import { aReport } from './report';
import { FakeServer, aProject, aRun, anAnswer, errorAnswer, settled } from './wire';

const PATH = 'path=digits%2Fdeployfeedback.yaml';

describe('a run that is not settled', () => {
  let server: FakeServer;
  let model: PanelModel;

  async function opened(): Promise<void> {
    await model.setNotebook('digits/model.ipynb');
    await settled();
  }

  beforeEach(() => {
    server = new FakeServer()
      .on('GET /project?path=digits%2Fmodel.ipynb', { project: aProject(), problems: [] })
      .on(`GET /targets/candidate/health?${PATH}`, { facts: { ready: true } })
      .on(`GET /releases?${PATH}`, { releases: [] })
      .on('GET /runs/r1/feedback?format=json', aReport())
      .on('GET /runs/r1/charts?width=300', { charts: [] });
    model = new PanelModel({ api: server.api, chartWidth: () => 300 });
  });

  afterEach(() => model.dispose());

  it('goes on to the run that continues the one on show', async () => {
    const next = aRun({
      run_id: 'r2',
      state: 'queued',
      continues: 'r1',
      created_at: '2026-11-20T10:00:00Z'
    });
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun({ state: 'finished' })], next: null })
      .on('GET /runs/r1', anAnswer({ state: 'finished', verdict: 'inconclusive' }))
      .on('POST /runs/r1/continue', next)
      .on('GET /runs/r2', anAnswer(next));
    await opened();
    await model.continueRun();
    await settled();

    expect(model.state.run?.runId).toBe('r2');
  });

  it('stays at a run that cannot be continued and says why', async () => {
    const body = { error: 'continue_refused', message: 'All looks are used.', remedy: 'Run anew.' };
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun({ state: 'finished' })], next: null })
      .on('GET /runs/r1', anAnswer({ state: 'finished', verdict: 'inconclusive' }))
      .on('POST /runs/r1/continue', () => errorAnswer(409, body));
    await opened();
    await model.continueRun();

    expect(model.state.run).toMatchObject({
      runId: 'r1',
      continuing: { busy: false, fault: { message: 'All looks are used.', remedy: 'Run anew.' } }
    });
  });

  it('reads the report again once a finding is waived', async () => {
    const waiver = { finding: 'accuracy >=0.95', by: 'Ada', reason: 'known', until: '2026-12-01' };
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun({ state: 'finished' })], next: null })
      .on('GET /runs/r1', anAnswer({ state: 'finished', verdict: 'fail' }))
      .on('GET /runs/r1/feedback?format=json', aReport({ verdict: 'fail', gate: 'closed' }))
      .on('POST /runs/r1/waivers', waiver);
    await opened();
    server.on('GET /runs/r1/feedback?format=json', aReport({ verdict: 'fail', gate: 'open' }));
    await model.waive(waiver);

    expect(server.calls.find(call => call.method === 'POST')?.body).toEqual(waiver);
    expect(model.state.run?.report?.gate).toBe('open');
  });

  it('says why a finding was not waived and keeps its report', async () => {
    const body = { error: 'waiver_refused', message: '2020-01-01 is over.', remedy: 'Later.' };
    server
      .on(`GET /runs?${PATH}&limit=20`, { runs: [aRun({ state: 'finished' })], next: null })
      .on('GET /runs/r1', anAnswer({ state: 'finished', verdict: 'fail' }))
      .on('POST /runs/r1/waivers', () => errorAnswer(409, body));
    await opened();
    await model.waive({ finding: 'x', by: 'Ada', reason: 'known', until: '2020-01-01' });

    expect(model.state.run?.waiving.fault?.message).toBe('2020-01-01 is over.');
    expect(model.state.run?.report).not.toBeNull();
  });
});
