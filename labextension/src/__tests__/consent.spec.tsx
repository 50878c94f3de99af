import { fireEvent, screen } from '@testing-library/react';
import { PanelModel } from '../models/panel';
import type { Project, Secret } from '../view';
import { PATH, servedProject } from './served';
import { show } from './shown';
import { aProject, settled } from './wire';

const ASKED: Secret = {
  reference: 'file:~/.ssh/id_ed25519',
  origin: 'https://model.example',
  allowed: false
};

function asking(secret: Secret): Project {
  const known = aProject();
  return { ...known, targets: known.targets.map(each => ({ ...each, secrets: [secret] })) };
}

describe('secrets that a project asks for', () => {
  it('are shown with where they go, before the target is run or asked', () => {
    const actions = show({ project: { kind: 'ready', project: asking(ASKED) } });
    fireEvent.click(screen.getByRole('button', { name: 'Allow' }));

    expect(screen.getByText('file:~/.ssh/id_ed25519')).toBeTruthy();
    expect(screen.getByText('https://model.example')).toBeTruthy();
    expect(screen.queryByText('Asking')).toBeNull();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Run' }).disabled).toBe(true);
    expect(actions.allowSecret).toHaveBeenCalledWith(ASKED);
  });

  it('are not asked about once they are allowed', () => {
    show({ project: { kind: 'ready', project: asking({ ...ASKED, allowed: true }) } });

    expect(screen.queryByRole('button', { name: 'Allow' })).toBeNull();
    expect(screen.getByRole<HTMLButtonElement>('button', { name: 'Run' }).disabled).toBe(false);
  });

  it('keep the target unasked until the user consents', async () => {
    const route = 'GET /project?path=digits%2Fmodel.ipynb';
    const health = `GET /targets/candidate/health?${PATH}`;
    const server = servedProject().on(route, { project: asking(ASKED), problems: [] });
    const model = new PanelModel({ api: server.api, chartWidth: () => 300 });
    await model.setNotebook('digits/model.ipynb');
    await settled();
    expect(server.count(health)).toBe(0);

    const allowed = { ...ASKED, allowed: true };
    server.on(route, { project: asking(allowed), problems: [] }).on('POST /secrets', allowed);
    await model.allowSecret(ASKED);
    await settled();

    const { reference, origin } = ASKED;
    const body = { path: 'digits/deployfeedback.yaml', reference, origin };
    expect(server.calls.find(call => call.url === '/secrets')).toMatchObject({ body });
    expect(server.count(health)).toBe(1);
    model.dispose();
  });
});
