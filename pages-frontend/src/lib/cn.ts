import { clsx, type ClassValue } from 'clsx';

/** Joins class names. It does not settle conflicts: where one utility must beat another, write it with `!`. */
export const cn = (...inputs: ClassValue[]): string => clsx(inputs);
