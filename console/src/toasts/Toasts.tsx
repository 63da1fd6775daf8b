import { Alert, AlertActionCloseButton, AlertActionLink, AlertGroup } from '@patternfly/react-core';
import { createContext, type ReactNode, useCallback, useContext, useMemo, useRef, useState } from 'react';

export interface Toast {
  variant: 'info' | 'success' | 'warning' | 'danger';
  title: ReactNode;
  body?: ReactNode;
  actions?: { label: string; onClick?: () => void; href?: string }[];
}

type Show = (toast: Toast) => void;

const ToastContext = createContext<Show>(() => {});

/** What calls for nobody's action goes by itself; hovering or focusing it holds it. */
const SHOWN_MS = 10_000;
/** Of those that go by themselves; the oldest go first. */
const MOST = 6;

export function ToastProvider({ children }: { children: ReactNode }) {
  const [toasts, setToasts] = useState<(Toast & { id: number })[]>([]);
  const next = useRef(0);
  const show = useCallback<Show>((toast) => {
    const id = next.current++;
    setToasts((before) => {
      const shown = [{ ...toast, id }, ...before];
      const passing = shown.filter((each) => !stays(each)).slice(0, MOST);
      return shown.filter((each) => stays(each) || passing.includes(each));
    });
  }, []);
  const close = useCallback(
    (id: number) => setToasts((shown) => shown.filter((toast) => toast.id !== id)),
    [],
  );
  const group = useMemo(
    () => (
      <AlertGroup isToast isLiveRegion aria-label="Notifications">
        {toasts.map((toast) => (
          <ToastAlert key={toast.id} toast={toast} onClose={() => close(toast.id)} />
        ))}
      </AlertGroup>
    ),
    [toasts, close],
  );
  return (
    <ToastContext.Provider value={show}>
      {children}
      {group}
    </ToastContext.Provider>
  );
}

export function useToast(): Show {
  return useContext(ToastContext);
}

/** Until somebody closes it. */
function stays({ variant }: Toast): boolean {
  return variant === 'danger' || variant === 'warning';
}

function ToastAlert({ toast, onClose }: { toast: Toast; onClose: () => void }) {
  const { variant, title, body, actions = [] } = toast;
  return (
    <Alert
      variant={variant}
      component="span"
      title={title}
      timeout={stays(toast) ? false : SHOWN_MS}
      onTimeout={onClose}
      actionClose={
        <AlertActionCloseButton title="Close notification" variantLabel={variant} onClose={onClose} />
      }
      actionLinks={actions.map(({ label, href, onClick }) =>
        href ? (
          <AlertActionLink key={label} component="a" href={href} target="_blank" rel="noreferrer">
            {label}
          </AlertActionLink>
        ) : (
          <AlertActionLink
            key={label}
            onClick={() => {
              onClose();
              onClick?.();
            }}
          >
            {label}
          </AlertActionLink>
        ),
      )}
    >
      {body}
    </Alert>
  );
}
