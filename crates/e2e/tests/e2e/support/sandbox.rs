//! The outside world: providers and Stripe, and our hand in what they do.

use reqwest::Client;
use serde_json::{Value, json};

use super::{
    process::{Process, Program},
    secrets::random_code,
    wait::{SOON, eventually},
};

/// The running stand-in.
pub(crate) struct Sandbox {
    pub(crate) url: String,
    http: Client,
    _process: Process,
}

impl Sandbox {
    /// Starts it; the address is known once it listens.
    pub(crate) async fn start(mut program: Program, http: Client) -> Self {
        let file = program.log.with_extension("address");
        program.arguments.extend(["--addr-file".to_owned(), file.display().to_string()]);
        let process = Process::start(program);
        let address =
            eventually("the sandbox listens", SOON, async || std::fs::read_to_string(&file));
        let url = format!("http://{}", address.await.trim());
        Self { url, http, _process: process }
    }

    /// Calls a control, which has to succeed.
    #[track_caller]
    pub(crate) fn control(&self, path: &str, body: Value) -> impl Future<Output = Value> {
        let caller = std::panic::Location::caller();
        async move {
            let (status, answer) = self.try_control(path, body).await;
            assert_eq!(status, 200, "{caller}: {path}: {answer}");
            answer
        }
    }

    /// Calls a control.
    pub(crate) async fn try_control(&self, path: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/control/{path}", self.url);
        let response = self.http.post(url).json(&body).send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap())
    }

    /// Everything it knows.
    pub(crate) async fn state(&self) -> Value {
        let url = format!("{}/control/state", self.url);
        self.http.get(url).send().await.unwrap().json().await.unwrap()
    }

    /// Replaces what goes wrong at a provider.
    pub(crate) async fn faults(&self, provider: &str, faults: Value) {
        self.control(&format!("providers/{provider}/faults"), faults).await;
    }

    /// How often an action of a provider was called.
    pub(crate) async fn calls(&self, provider: &str, action: &str) -> u64 {
        self.state().await["providers"][provider]["calls"][action].as_u64().unwrap_or(0)
    }

    /// Purchases that reached a provider, by either action.
    pub(crate) async fn purchases(&self, provider: &str) -> u64 {
        let calls = self.state().await["providers"][provider]["calls"].take();
        ["getNumber", "getNumberV2"].iter().filter_map(|action| calls[action].as_u64()).sum()
    }

    /// What a provider sold, oldest first.
    pub(crate) async fn activations(&self, provider: &str) -> Vec<Value> {
        let mut state = self.state().await;
        let Value::Array(mut sold) = state["providers"][provider]["activations"].take() else {
            panic!("no provider {provider}")
        };
        sold.reverse();
        sold
    }

    /// The activation of a rented number.
    pub(crate) async fn activation_of(&self, phone: &str) -> Value {
        let state = self.state().await;
        let providers = state["providers"].as_object().unwrap().values();
        let mut sold = providers.flat_map(|it| it["activations"].as_array().unwrap());
        let phone = phone.trim_start_matches('+');
        sold.find(|it| it["phone"] == phone).cloned().unwrap_or_else(|| panic!("no {phone}"))
    }

    /// Sends an SMS with a new code to a rented number and tells the code.
    pub(crate) async fn sms(&self, phone: &str) -> String {
        let code = random_code();
        self.control("sms", sms_to(phone, &code)).await;
        code
    }

    /// Sends one that may come too late; tells whether the number was still rented.
    pub(crate) async fn try_sms(&self, phone: &str) -> bool {
        let (status, answer) = self.try_control("sms", sms_to(phone, &random_code())).await;
        assert!(status == 200 || status == 409, "{answer}");
        status == 200
    }

    /// Sends an SMS of which no callback tells.
    pub(crate) async fn silent_sms(&self, phone: &str) -> String {
        let code = random_code();
        let mut sms = sms_to(phone, &code);
        sms["callback"] = json!(false);
        self.control("sms", sms).await;
        code
    }
}

fn sms_to(phone: &str, code: &str) -> Value {
    json!({ "phone": phone, "text": format!("{code} is your code. Do not share it.") })
}
