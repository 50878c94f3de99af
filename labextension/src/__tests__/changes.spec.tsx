import { cleanup, fireEvent, screen } from '@testing-library/react';
import { ReleasesModel } from '../models/releases';
import type { Fault, Project, ReleaseView } from '../view';
import { NOTHING_ASKED } from '../view';
import { aState, finished, show } from './shown';
import { FakeServer, aProject, aRun, errorAnswer } from './wire';

const UNKNOWN: Fault = {
  code: 'person_unknown',
  message: 'git does not know who you are.',
  remedy: 'Say it.',
  findings: [],
  problems: []
};
const FILES = { 'model.ipynb': '-1\n+2\n' };

function withCommit(change: Partial<NonNullable<Project['commit']>>): {
  kind: 'ready';
  project: Project;
} {
  return { kind: 'ready', project: aProject({ commit: { ...aRun().commit!, ...change } }) };
}

function withRelease(change: Partial<ReleaseView>): ReleaseView {
  return { ...aState().release, ...change };
}

describe('what prevents a tag is told before a run', () => {
  it('names the files that differ, above the Run button', () => {
    show({ project: withCommit({ dirty: ['model.ipynb', 'b.py'] }) });

    const told = screen.getByText(
      'model.ipynb, b.py differ from the commit: a run now cannot be tagged'
    );
    const run = screen.getByRole('button', { name: 'Run' });
    expect(told.compareDocumentPosition(run) & Node.DOCUMENT_POSITION_FOLLOWING).toBeTruthy();
  });

  it('says nothing where nothing differs', () => {
    show({ project: withCommit({}) });

    expect(screen.queryByText(/cannot be tagged/)).toBeNull();
  });

  it('names files that git does not see, with the command that ends it', () => {
    const command = 'git update-index --no-skip-worktree -- a.py';
    show({ project: withCommit({ hidden: { 'a.py': command } }) });

    expect(screen.getByText(/told not to look at a\.py/)).toBeTruthy();
    expect(document.querySelector('code')?.textContent?.trim()).toBe(command);
  });

  it('says why git gives no commit', () => {
    const project = aProject({ no_commit: 'There is no git on this machine.' });
    show({ project: { kind: 'ready', project } });

    expect(screen.getByText('There is no git on this machine.')).toBeTruthy();
  });

  it('shows how they differ', () => {
    const changes = { files: FILES, asked: NOTHING_ASKED };
    const actions = show({
      project: withCommit({ dirty: ['model.ipynb'] }),
      release: withRelease({ changes })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Diff' }));

    expect(actions.readChanges).toHaveBeenCalled();
    expect(screen.getByLabelText('model.ipynb').textContent).toBe('-1\n+2\n');
  });

  it('commits them with a message, and a name where git asks for one', () => {
    const changes = { files: FILES, asked: { busy: false, fault: UNKNOWN } };
    const actions = show({
      project: withCommit({ dirty: ['model.ipynb'] }),
      release: withRelease({ changes })
    });
    fireEvent.click(screen.getByRole('button', { name: 'Commit' }));
    fireEvent.change(screen.getByLabelText('Message'), { target: { value: 'Train' } });
    fireEvent.change(screen.getByLabelText('Your name'), { target: { value: 'Ada' } });
    fireEvent.change(screen.getByLabelText('Your e-mail'), { target: { value: 'a@b' } });
    fireEvent.click(screen.getByRole('button', { name: 'Commit these files' }));

    expect(screen.getByText('Commits exactly model.ipynb.')).toBeTruthy();
    expect(actions.commit).toHaveBeenCalledWith('Train', 'Ada <a@b>');
  });
});

describe('who tags', () => {
  it('is asked for only where git does not know', () => {
    const actions = show({ run: finished(), release: withRelease({ fault: UNKNOWN }) });
    fireEvent.change(screen.getByLabelText('Version'), { target: { value: '2.1.0' } });
    fireEvent.change(screen.getByLabelText('Your name'), { target: { value: 'Ada' } });
    fireEvent.change(screen.getByLabelText('Your e-mail'), { target: { value: 'a@b' } });
    fireEvent.click(screen.getByRole('button', { name: 'Tag' }));

    expect(actions.tag).toHaveBeenCalledWith('2.1.0', false, 'Ada <a@b>');

    cleanup();
    show({ run: finished() });
    expect(screen.queryByLabelText('Your name')).toBeNull();
  });
});

describe('the model of changes', () => {
  it('commits exactly the files it read', async () => {
    const server = new FakeServer()
      .on('GET /releases?path=p', { releases: [] })
      .on('GET /changes?path=p', { changes: FILES })
      .on('POST /changes', { project: null, problems: [] });
    const model = new ReleasesModel(server.api);
    await model.refresh('p');
    await model.readChanges();

    expect(await model.commit('Train', '')).toBe(true);
    expect(server.calls.at(-1)?.body).toEqual({
      path: 'p',
      files: ['model.ipynb'],
      message: 'Train',
      by: ''
    });
    expect(model.view.changes.files).toBeNull();
  });

  it('keeps what it read where the commit is refused', async () => {
    const body = { error: 'person_unknown', message: 'Who?', remedy: 'Say it.' };
    const server = new FakeServer()
      .on('GET /releases?path=p', { releases: [] })
      .on('GET /changes?path=p', { changes: FILES })
      .on('POST /changes', () => errorAnswer(409, body));
    const model = new ReleasesModel(server.api);
    await model.refresh('p');
    await model.readChanges();

    expect(await model.commit('Train', '')).toBe(false);
    expect(model.view.changes).toMatchObject({
      files: FILES,
      asked: { fault: { message: 'Who?' } }
    });
  });
});
