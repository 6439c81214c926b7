import { cheapestPlan, monthlyCost, PLANS } from './plans';

const plan = (id: string) => PLANS.find((each) => each.id === id) as (typeof PLANS)[number];

describe('plans', () => {
  it('cost their base price within the allowance, and by the piece beyond it', () => {
    expect(monthlyCost(plan('standard'), 50_000)).toBe(49);
    expect(monthlyCost(plan('standard'), 60_000)).toBeCloseTo(59);
    expect(monthlyCost(plan('growth'), 700_000)).toBeCloseTo(349);
  });

  it('have no price where they stop or are agreed on', () => {
    expect(monthlyCost(plan('developer'), 1_001)).toBeNull();
    expect(monthlyCost(plan('enterprise'), 10)).toBeNull();
  });

  it('name the cheapest for an amount', () => {
    expect(cheapestPlan(900)?.id).toBe('developer');
    expect(cheapestPlan(20_000)?.id).toBe('standard');
    expect(cheapestPlan(249_000)?.id).toBe('standard');
    expect(cheapestPlan(251_000)?.id).toBe('growth');
  });
});
