import type { Choice, CreateRun, Project } from '../view';
import { namesOf, suitesFor } from '../view';

export const NO_CHOICE: Choice = { target: '', suites: [], address: '' };

/** What of a choice a project still has; its default target where the chosen one is gone. */
export function stillThere(choice: Choice, project: Project): Choice {
  const known = project.targets.some(each => each.name === choice.target);
  const target = known ? choice.target : project.default_target;
  const names = suitesFor(project, target).flatMap(namesOf);
  return {
    target,
    suites: choice.suites.filter(name => names.includes(name)),
    address: known ? choice.address : ''
  };
}

/** The run that is chosen; the address that was typed goes with a target whose project file has none. */
export function askedFor(choice: Choice, project: Project): CreateRun {
  const target = project.targets.find(each => each.name === choice.target);
  const typed = choice.address.trim();
  const urls = target?.url === null && typed ? { urls: { [choice.target]: typed } } : {};
  return { path: project.path, target: choice.target, suites: [...choice.suites], ...urls };
}
