import { PLANS } from '@/config/plans';

export const planName = (id: string): string => PLANS.find((plan) => plan.id === id)?.name ?? id;
