use domain::{
    ids::TaskId,
    tasks::{Answerable, StoredTask, TaskState},
};
use serde_json::{Value, json};

use super::{Desk, operator};
use crate::{
    Answer, Exit, Failure,
    cli::{Intervention, Task},
};

/// Runs `task …`.
pub async fn task(desk: &Desk, command: &Task) -> Result<Answer, Failure> {
    match command {
        Task::Stats => stats(desk).await,
        Task::List { limit } => list(desk, *limit).await,
        Task::Show { id } => {
            let found = desk.letters.task(TaskId::new(*id)).await?;
            let unknown =
                || Failure::conflict(format_args!("there is no task {id}; it may be done"));
            Ok(describe(&found.ok_or_else(unknown)?))
        }
        Task::Retry(intervention) => intervene(desk, intervention, Choice::Retry).await,
        Task::Discard(intervention) => intervene(desk, intervention, Choice::Discard).await,
    }
}

async fn stats(desk: &Desk) -> Result<Answer, Failure> {
    let mut bodies = Vec::new();
    let mut rows = Vec::new();
    for stats in desk.queue.stats().await? {
        let seconds = stats.oldest_ready.as_secs();
        bodies.push(json!({
            "kind": stats.kind, "waiting": stats.waiting, "running": stats.running,
            "oldest_ready_seconds": seconds, "dead": stats.dead,
        }));
        rows.push([
            stats.kind,
            stats.waiting.to_string(),
            stats.running.to_string(),
            format!("{seconds} s"),
            stats.dead.to_string(),
        ]);
    }
    let header = ["kind", "waiting", "running", "oldest ready", "dead"];
    Ok(Answer::rows(Value::Array(bodies), header, rows))
}

async fn list(desk: &Desk, limit: u32) -> Result<Answer, Failure> {
    let dead = desk.letters.dead(limit).await?;
    let bodies = dead.iter().map(body).collect();
    let rows = dead.into_iter().map(|task| {
        let (state, at) = state(&task);
        [
            task.id.to_string(),
            task.kind,
            task.subject,
            state,
            at,
            task.attempt.to_string(),
            task.last_error.unwrap_or_default(),
        ]
    });
    let header = ["id", "kind", "subject", "state", "since", "tries", "last error"];
    Ok(Answer::rows(Value::Array(bodies), header, rows.collect()))
}

#[derive(Clone, Copy)]
enum Choice {
    Retry,
    Discard,
}

/// Goes on after a task that is not there: what can be done is done.
async fn intervene(
    desk: &Desk,
    Intervention { ids, reason, operator: named }: &Intervention,
    choice: Choice,
) -> Result<Answer, Failure> {
    let operator = operator(named.as_deref())?;
    let by = Answerable { operator, reason: reason.clone() };
    let (mut done, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        let task = TaskId::new(*id);
        let was_dead = match choice {
            Choice::Retry => desk.letters.retry(task, &by).await?,
            Choice::Discard => desk.letters.discard(task, &by).await?,
        };
        if was_dead { done.push(*id) } else { missing.push(*id) }
    }
    let verb = match choice {
        Choice::Retry => "to be tried again",
        Choice::Discard => "discarded",
    };
    let json = json!({ "done": done, "missing": missing });
    let answer = Answer::say(json, format_args!("{} tasks {verb}", done.len()));
    if missing.is_empty() {
        return Ok(answer);
    }
    let missing: Vec<_> = missing.iter().map(i64::to_string).collect();
    let told = format!("not among the dead: {}", missing.join(", "));
    Ok(answer.and(told).with_exit(Exit::Conflict))
}

fn state(task: &StoredTask) -> (String, String) {
    match &task.state {
        TaskState::Waiting { run_at } => ("waiting".to_owned(), run_at.to_rfc3339()),
        TaskState::Running { worker, until } => {
            (format!("running at {worker}"), until.to_rfc3339())
        }
        TaskState::Dead { at, burial } => (burial.as_str().to_owned(), at.to_rfc3339()),
    }
}

fn describe(task: &StoredTask) -> Answer {
    let (state, at) = state(task);
    let when = match task.state {
        TaskState::Waiting { .. } => "not before",
        TaskState::Running { .. } => "until",
        TaskState::Dead { .. } => "since",
    };
    let facts = [
        ("id", task.id.to_string()),
        ("kind", task.kind.clone()),
        ("subject", task.subject.clone()),
        ("state", state),
        (when, at),
        ("tries", task.attempt.to_string()),
        ("last error", task.last_error.clone().unwrap_or_default()),
        ("stored", task.created_at.to_rfc3339()),
    ];
    Answer::facts(body(task), facts)
}

fn body(task: &StoredTask) -> Value {
    let (state, at) = match &task.state {
        TaskState::Waiting { run_at } => ("waiting", run_at),
        TaskState::Running { until, .. } => ("running", until),
        TaskState::Dead { at, .. } => ("dead", at),
    };
    let reason = match &task.state {
        TaskState::Dead { burial, .. } => Some(burial.as_str()),
        _ => None,
    };
    let worker = match &task.state {
        TaskState::Running { worker, .. } => Some(worker),
        _ => None,
    };
    json!({
        "id": task.id.get(),
        "kind": task.kind,
        "subject": task.subject,
        "state": state,
        "at": at.to_rfc3339(),
        "reason": reason,
        "worker": worker,
        "tries": task.attempt,
        "last_error": task.last_error,
        "created_at": task.created_at.to_rfc3339(),
    })
}
