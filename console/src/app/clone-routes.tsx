import { useParams, useSearchParams } from 'react-router';
import { CloneDetailPage } from '../clones/CloneDetailPage';
import { ClonesPage } from '../clones/ClonesPage';
import { clonesQueryFrom, searchOf } from '../clones/query';

/** `/clones?…`: what is shown is kept in the URL. */
export function ClonesRoute() {
  const [search, setSearch] = useSearchParams();
  return <ClonesPage query={clonesQueryFrom(search)} onQuery={(query) => setSearch(searchOf(query))} />;
}

/** `/clones/<namespace>/<name>`, with `?runId=` of an older run. */
export function CloneRoute() {
  const { namespace, name } = useParams();
  const [search] = useSearchParams();
  return <CloneDetailPage id={`${namespace}/${name}`} runId={search.get('runId') ?? undefined} />;
}
