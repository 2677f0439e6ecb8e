use serde_json::{Value, json};
use tokio::time::sleep;

use super::{Customers, footprint::Sizes, shop::Shop};
use crate::{
    load::{Kind, Rate},
    proc_fs::CpuSeconds,
    stats::{Spread, counter},
};

/// One run and what it cost.
#[derive(Debug, Clone)]
pub(crate) struct Measured {
    pub(crate) rate: Rate,
    pub(crate) cpu: CpuSeconds,
    /// What the database server wrote ahead meanwhile, whoever caused it.
    pub(crate) wal_bytes: u64,
}

impl Measured {
    /// CPU microseconds of a group for each success.
    pub(crate) fn cpu_us(&self, group: &str) -> f64 {
        let seconds = self.cpu.get(group).copied().unwrap_or_default();
        seconds * 1e6 / counter(self.rate.good.max(1))
    }

    /// CPU microseconds of everything for each success.
    pub(crate) fn total_us(&self) -> f64 {
        self.cpu.keys().map(|group| self.cpu_us(group)).sum()
    }

    pub(crate) fn wal_bytes_each(&self) -> f64 {
        counter(self.wal_bytes) / counter(self.rate.good.max(1))
    }

    fn json(&self) -> Value {
        let cpu: serde_json::Map<_, _> =
            self.cpu.keys().map(|group| ((*group).to_owned(), json!(self.cpu_us(group)))).collect();
        json!({ "rate": self.rate.json(), "cpu_us": cpu, "wal_bytes": self.wal_bytes_each() })
    }
}

/// Runs between runs of what they are compared with: reference, served, reference, …, reference.
pub(crate) struct Pairs {
    pub(crate) reference: Vec<Measured>,
    pub(crate) served: Vec<Measured>,
}

impl Pairs {
    /// Purchases over HTTP between runs of pgbench.
    pub(super) async fn measure(
        shop: &Shop<'_>,
        who: Customers,
        sizes: &mut Sizes,
    ) -> anyhow::Result<Self> {
        let mut pairs = Self { reference: vec![shop.reference(who).await?], served: Vec::new() };
        for _ in 0..shop.rounds() {
            let halfway = async {
                sleep(shop.length() / 2).await;
                sizes.loaded()
            };
            let (served, looked) = tokio::join!(shop.ask(Kind::Purchase, who), halfway);
            looked?;
            pairs.served.push(served?);
            pairs.reference.push(shop.reference(who).await?);
        }
        Ok(pairs)
    }

    /// pgbench on today's schema between runs of it on the one before.
    pub(super) async fn of_schemas(shop: &Shop<'_>, who: Customers) -> anyhow::Result<Self> {
        let mut pairs = Self { reference: vec![shop.before(who).await?], served: Vec::new() };
        for _ in 0..shop.rounds() {
            pairs.served.push(shop.after(who).await?);
            pairs.reference.push(shop.before(who).await?);
        }
        Ok(pairs)
    }

    /// Each served run against the mean of its two neighbours.
    pub(crate) fn ratios(&self) -> Vec<f64> {
        let neighbours = self
            .reference
            .windows(2)
            .map(|two| two.iter().map(|it| it.rate.per_second).sum::<f64>() / 2.0);
        self.served.iter().zip(neighbours).map(|(it, beside)| it.rate.per_second / beside).collect()
    }

    /// Pairs whose neighbours differ by more than a tenth: the machine was not steady.
    pub(crate) fn unsteady(&self) -> usize {
        let differ = |two: &[Measured]| {
            let Spread { least, greatest, .. } =
                Spread::of(two.iter().map(|it| it.rate.per_second));
            greatest - least > 0.1 * f64::midpoint(least, greatest)
        };
        self.reference.windows(2).filter(|two| differ(two)).count()
    }

    /// The ratio that CPU time alone would give if both kept all cores busy.
    pub(crate) fn ratio_of_cpu(&self) -> f64 {
        let total = |runs: &[Measured]| Spread::of(runs.iter().map(Measured::total_us)).median;
        total(&self.reference) / total(&self.served)
    }

    pub(crate) fn json(&self) -> Value {
        let ratio = Spread::of(self.ratios());
        json!({
            "ratio": { "median": ratio.median, "least": ratio.least, "greatest": ratio.greatest },
            "ratio_of_cpu": self.ratio_of_cpu(),
            "unsteady": self.unsteady(),
            "reference": self.reference.iter().map(Measured::json).collect::<Vec<_>>(),
            "measured": self.served.iter().map(Measured::json).collect::<Vec<_>>(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(rates: &[f64]) -> Vec<Measured> {
        let rate = |per_second| Rate { per_second, good: 10, ..Rate::default() };
        let cpu = [("a", 0.001), ("b", 0.002)].into_iter().collect();
        rates
            .iter()
            .map(|it| Measured { rate: rate(*it), cpu: Clone::clone(&cpu), wal_bytes: 20 })
            .collect()
    }

    #[test]
    fn compares_with_both_neighbours() {
        let pairs = Pairs { reference: runs(&[100.0, 120.0, 121.0]), served: runs(&[55.0, 60.0]) };
        let ratios = pairs.ratios();
        assert!((ratios[0] - 0.5).abs() < 1e-9 && (ratios[1] - 60.0 / 120.5).abs() < 1e-9);
        assert_eq!(pairs.unsteady(), 1);
        assert!((pairs.ratio_of_cpu() - 1.0).abs() < 1e-9);
        assert!((pairs.served[0].cpu_us("b") - 200.0).abs() < 1e-9);
        assert!((pairs.served[0].wal_bytes_each() - 2.0).abs() < 1e-9);
    }
}
