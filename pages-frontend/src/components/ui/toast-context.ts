import { createContext, useContext } from 'react';

export interface ToastInput {
  message: string;
  tone?: 'info' | 'error';
}

export const ToastContext = createContext<{ show: (toast: ToastInput) => void } | null>(null);

export function useToast() {
  const toast = useContext(ToastContext);
  if (!toast) throw new Error('no ToastProvider above this component');
  return toast;
}
