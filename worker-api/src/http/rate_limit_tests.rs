use super::*;

/// Several isolates with a lease each on one bucket, and a clock that the test turns.
struct Simulation {
    quota: Quota,
    bucket: Bucket,
    leases: Vec<Lease>,
    calls: u32,
}

impl Simulation {
    fn new(quota: Quota, isolates: usize) -> Self {
        Self {
            quota,
            bucket: Bucket::full(quota, 0),
            leases: vec![Lease::default(); isolates],
            calls: 0,
        }
    }
    fn request(&mut self, isolate: usize, now: i64) -> Result<(), i64> {
        loop {
            match self.leases[isolate].spend(self.quota, now) {
                Decision::Allowed => return Ok(()),
                Decision::Refused(ms) => return Err(ms),
                Decision::Ask { want, unspent } => {
                    self.calls += 1;
                    let grant = self.bucket.claim(self.quota, want, unspent, now);
                    self.leases[isolate].granted(grant, want, now);
                }
            }
        }
    }
}

#[test]
fn ten_clients_at_twice_the_limit_get_the_limit() {
    for (requests, window, isolates) in [
        (600, 60, 1),
        (600, 60, 3),
        (6_000, 60, 4),
        (60, 60, 1),
        (100, 10, 2),
    ] {
        let quota = Quota { requests, window };
        let mut simulation = Simulation::new(quota, isolates);
        // ten clients, each a fifth of the limit: twice the limit together
        let pause = i64::from(window) * 1000 * 10 / (2 * i64::from(requests));
        let end = 5 * i64::from(window) * 1000;
        let (mut allowed, mut refused) = (0u32, 0u32);
        for now in 0..end {
            for client in 0..10_usize {
                if (now + client as i64 * pause / 10) % pause != 0 {
                    continue;
                }
                match simulation.request(client % isolates, now) {
                    Ok(()) => allowed += 1,
                    Err(ms) => {
                        refused += 1;
                        assert!(ms > 0 && seconds(ms) >= 1);
                    }
                }
            }
        }
        let ideal = 5 * requests;
        println!(
            "{requests}/{window} s, {isolates} isolates: {allowed} of {} allowed, ideal {ideal}, {} calls to the bucket",
            allowed + refused,
            simulation.calls
        );
        // also while refusing: at most five calls a second of each isolate, in five windows
        assert!(
            simulation.calls <= 5 * 5 * window * isolates as u32,
            "{} calls",
            simulation.calls
        );
        assert!(
            allowed.abs_diff(ideal) * 10 <= ideal,
            "{allowed} of {ideal}"
        );
    }
}

#[test]
fn a_busy_isolate_asks_a_few_times_a_second() {
    let quota = Quota {
        requests: 60_000,
        window: 60,
    };
    let mut simulation = Simulation::new(quota, 1);
    // 500 requests a second, half of what is allowed, for a minute
    let allowed = (0..60_000)
        .step_by(2)
        .filter(|&now| simulation.request(0, now).is_ok())
        .count();
    assert_eq!(allowed, 30_000);
    assert!(
        simulation.calls <= 60,
        "{} calls for 30,000 requests",
        simulation.calls
    );
}

#[test]
fn grants_that_were_asked_for_at_once_add_up() {
    let quota = Quota {
        requests: 600,
        window: 60,
    };
    let mut lease = Lease::default();
    let mut bucket = Bucket::full(quota, 0);
    let ask = |lease: &mut Lease| match lease.spend(quota, 0) {
        Decision::Ask { want, unspent } => (want, unspent),
        other => panic!("{other:?}"),
    };
    let wishes: Vec<_> = (0..5).map(|_| ask(&mut lease)).collect();
    for (want, unspent) in wishes {
        let grant = bucket.claim(quota, want, unspent, 0);
        lease.granted(grant, want, 0);
    }
    let spent = (0..100)
        .take_while(|_| lease.spend(quota, 1) == Decision::Allowed)
        .count();
    assert_eq!(spent, 10);
}

#[test]
fn buckets_refill_and_take_back() {
    let quota = Quota {
        requests: 60,
        window: 60,
    };
    let mut bucket = Bucket::full(quota, 0);
    assert_eq!(
        bucket.claim(quota, 10, 0, 0),
        Grant {
            tokens: 6,
            remaining: 0,
            wait_ms: 1000
        }
    );
    assert_eq!(
        bucket.claim(quota, 1, 0, 999),
        Grant {
            tokens: 0,
            remaining: 0,
            wait_ms: 1
        }
    );
    assert_eq!(bucket.claim(quota, 1, 0, 1000).tokens, 1);
    assert_eq!(bucket.claim(quota, 3, 3, 1000).tokens, 3);
    // never more than a burst, also after a long time, and a clock that steps back takes nothing away
    assert_eq!(bucket.claim(quota, 100, 50, 10_000_000).tokens, 6);
    assert_eq!(bucket.claim(quota, 1, 0, 0).tokens, 0);
}

#[test]
fn refusals_say_when_to_come_back() {
    let standing = Standing {
        name: "key",
        quota: Quota {
            requests: 600,
            window: 60,
        },
        left: 0,
        seconds: 2,
    };
    let error = standing.refusal();
    assert_eq!(
        (error.code, error.retry_after),
        (Code::RateLimited, Some(2))
    );
    assert_eq!(
        error.headers,
        [
            (
                "ratelimit-policy".to_owned(),
                "\"key\";q=600;w=60".to_owned()
            ),
            ("ratelimit".to_owned(), "\"key\";r=0;t=2".to_owned()),
        ]
    );
    assert_eq!(
        (seconds(0), seconds(1), seconds(1000), seconds(1001)),
        (1, 1, 1, 2)
    );
}

#[test]
fn a_contract_replaces_the_plan() {
    assert_eq!(plan_quota("developer", None).0.requests, 3_000);
    assert_eq!(
        plan_quota("developer", Some(7)),
        (
            Quota {
                requests: 7,
                window: 60
            },
            Quota {
                requests: 7,
                window: 60
            }
        )
    );
}
