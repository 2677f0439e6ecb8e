// Shows the document beside it. Everything is written as text, nothing as markup.
"use strict";

const METHODS = ["get", "post", "put", "patch", "delete"];
const DEEPEST = 6;
const ASKED = { required: "required", optional: "" };
const GIVEN = { required: "", optional: "not always there" };
let spec;

/** An element with attributes and children; texts become text. */
function el(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== ""));
  return element;
}

/** What a part refers to, or that part itself. */
function at(part) {
  if (!part || !part.$ref) return part;
  return part.$ref.slice(2).split("/").reduce((found, key) => found && found[key.replace(/~1/g, "/")], spec);
}

/** Text in which backticks mark code. */
function words(text) {
  return text.split("`").map((piece, index) => (index % 2 ? el("code", {}, piece) : piece));
}

function paragraphs(text) {
  return (text || "").split("\n\n").filter(Boolean).map((one) => el("p", {}, words(one)));
}

function code(text) {
  return el("pre", { tabindex: "0" }, el("code", {}, text));
}

function json(value) {
  return code(JSON.stringify(value, null, 2));
}

/* What things look like. */

function typeName(schema) {
  const it = at(schema);
  if (!it) return "";
  if ("const" in it) return JSON.stringify(it.const);
  if (it.anyOf) return it.anyOf.map(typeName).join(" or ");
  const types = [].concat(it.type || "any");
  const name = types.map((type) => (type === "array" ? "list of " + typeName(it.items) : type)).join(" or ");
  return it.format && it.format !== "int64" && it.format !== "int32" ? name + ", " + it.format : name;
}

function limits(it) {
  const said = [];
  if (it.enum) said.push("one of " + it.enum.filter((one) => one !== null).map((one) => JSON.stringify(one)).join(", "));
  if ("minimum" in it && "maximum" in it) said.push(it.minimum + " to " + it.maximum);
  else if ("minimum" in it) said.push("at least " + it.minimum);
  else if ("maximum" in it) said.push("at most " + it.maximum);
  if ("maxLength" in it) said.push("up to " + it.maxLength + " characters");
  if (it.pattern) said.push("like " + it.pattern);
  if ("default" in it) said.push("usually " + JSON.stringify(it.default));
  return said.join("; ");
}

/** `notes` says what is marked: what a request must have, or what an answer may lack. */
function field(name, schema, required, text, depth, notes = ASKED) {
  const it = at(schema) || {};
  const about = text || schema.description || it.description;
  const limit = limits(it);
  return el(
    "li", {},
    el("span", { class: "name" }, name), " ",
    el("span", { class: "type" }, typeName(schema)), " ",
    el("span", { class: "must" }, required ? notes.required : notes.optional),
    about ? el("p", {}, words(about)) : "",
    limit ? el("p", { class: "type" }, limit) : "",
    fieldsOf(schema, notes, depth + 1),
  );
}

/** The fields of an object, of the items of a list, or of each shape. */
function fieldsOf(schema, notes = ASKED, depth = 0) {
  const it = at(schema);
  if (!it || depth > DEEPEST) return "";
  if (it.anyOf) {
    return it.anyOf.filter((one) => at(one).properties || at(one).items).map((one) => fieldsOf(one, notes, depth));
  }
  if (it.items) return fieldsOf(it.items, notes, depth);
  if (!it.properties) return "";
  const required = it.required || [];
  const all = Object.entries(it.properties);
  return el("ul", { class: "fields" }, all.map(([name, of]) => field(name, of, required.includes(name), "", depth, notes)));
}

/** Something that fits. */
function sample(schema, depth = 0) {
  const it = at(schema);
  if (!it || depth > DEEPEST) return null;
  if ("const" in it) return it.const;
  if (it.examples) return it.examples[0];
  if ("default" in it) return it.default;
  if (it.enum) return it.enum[0];
  if (it.anyOf) return sample(it.anyOf[0], depth);
  const types = [].concat(it.type);
  if (types.includes("null")) return null;
  switch (types[0]) {
    case "object": {
      const fields = Object.entries(it.properties || {});
      return Object.fromEntries(fields.map(([name, of]) => [name, sample(of, depth + 1)]));
    }
    case "array": return [sample(it.items, depth + 1)];
    case "integer": return "minimum" in it ? it.minimum : 1;
    case "boolean": return true;
    default: return "text";
  }
}

/** A body with what it must have; where nothing must be, with what comes first. */
function request(schema) {
  const it = at(schema);
  const names = it.required && it.required.length ? it.required : Object.keys(it.properties || {}).slice(0, 1);
  return Object.fromEntries(names.map((name) => [name, sample(it.properties[name])]));
}

/* Operations. */

function curl(method, path, operation) {
  const parameters = operation.parameters || [];
  const query = parameters.filter((it) => it.in === "query" && it.required).map((it) => it.name + "=1");
  const target = path.replace(/\{\w+\}/g, "1") + (query.length ? "?" + query.join("&") : "");
  const lines = [`curl${method === "get" ? "" : " -X " + method.toUpperCase()} "${location.origin}${target}"`];
  lines.push('-H "Authorization: Bearer $TOKEN"');
  if (parameters.some((it) => it.name === "Idempotency-Key")) lines.push('-H "Idempotency-Key: order-1"');
  const body = operation.requestBody && operation.requestBody.content["application/json"];
  if (body) lines.push(`-d '${JSON.stringify(request(body.schema))}'`);
  if (answerType(operation) === "text/event-stream") lines[0] = lines[0].replace("curl", "curl -N");
  return code(lines.join(" \\\n  "));
}

function answerType(operation) {
  const answer = at((operation.responses || {})["200"]);
  return answer && answer.content ? Object.keys(answer.content)[0] : "";
}

function taken(operation) {
  const parameters = operation.parameters || [];
  const body = operation.requestBody && operation.requestBody.content["application/json"];
  const listed = (it) => field(it.name, it.schema, it.required, `In the ${it.in}. ${it.description || ""}`, 0);
  return [
    parameters.length ? [el("h3", {}, "Parameters"), el("ul", { class: "fields" }, parameters.map(listed))] : "",
    body ? [el("h3", {}, "Body"), paragraphs((at(body.schema) || {}).description), fieldsOf(body.schema)] : "",
  ].flat(Infinity);
}

function answer(status, response) {
  const it = at(response);
  const [media, content] = Object.entries(it.content || {})[0] || ["", {}];
  const examples = Object.values(content.examples || {}).map((one) => json(at(one).value));
  // Of an event of a stream, what its data says.
  const data = content.schema && content.schema.properties && content.schema.properties.data;
  const schema = (data && data.contentSchema) || content.schema;
  const good = status.startsWith("2");
  return el(
    "details", { class: "answer", open: good },
    el("summary", {}, el("span", { class: "status " + (good ? "good" : "bad") }, status), " ", words(it.description)),
    media && media !== "application/json" ? el("p", { class: "type" }, media) : "",
    examples.length ? examples : "",
    good && schema && !examples.length ? [json(sample(schema)), fieldsOf(schema, GIVEN)] : "",
  );
}

function operationView(method, path, operation, isHook) {
  const answers = Object.entries(operation.responses || {}).map(([status, it]) => answer(status, it));
  const summary = el(
    "summary", {},
    el("span", { class: "method " + method }, isHook ? "EVENT" : method.toUpperCase()),
    el("span", { class: "path" }, path),
    el("span", { class: "says" }, operation.summary),
  );
  const body = operation.requestBody && operation.requestBody.content["application/json"];
  const filled = el("div", {});
  const view = el("details", { class: "operation", id: operation.operationId }, summary, filled);
  // Written when it is opened: the page is there at once, however long the document.
  view.addEventListener("toggle", () => {
    if (!view.open || filled.firstChild) return;
    filled.append(
      ...paragraphs(operation.description),
      ...(isHook ? [json(sample(body.schema))] : [curl(method, path, operation)]),
      ...taken(operation),
      el("h3", {}, isHook ? "What your server answers" : "Answers"),
      ...answers,
    );
  });
  return view;
}

/* The page. */

function operations(version) {
  const all = Object.entries(spec.paths).filter(([path]) => path.startsWith(`/${version}/`));
  return all.flatMap(([path, of]) =>
    METHODS.filter((method) => of[method]).map((method) => ({ method, path, operation: of[method] })));
}

function fits(it, sought) {
  const text = [it.path, it.operation.summary, it.operation.operationId].join(" ").toLowerCase();
  return sought.split(/\s+/).every((word) => text.includes(word));
}

function errorsTable() {
  const rows = Object.entries(spec.components.examples).map(([name, example]) => {
    const found = Object.entries(spec.paths).flatMap(([, of]) => Object.values(of))
      .flatMap((it) => Object.entries(it.responses)).find(([, it]) => ((it.$ref || "").split("/").pop()).split(".").includes(name));
    return el("tr", {}, el("td", {}, el("code", {}, name)), el("td", {}, found ? found[0] : ""), el("td", {}, words(`${example.summary} ${example.description}`)));
  });
  const head = el("tr", {}, ["code", "HTTP", "when, and what to do"].map((name) => el("th", { scope: "col" }, name)));
  return el("div", { class: "scroll" }, el("table", {}, el("thead", {}, head), el("tbody", {}, rows)));
}

function list(title, entries) {
  if (!entries.length) return "";
  const link = (it) => el("li", {}, el("a", { href: "#" + it.operation.operationId }, it.operation.summary));
  return el("div", {}, el("h2", {}, title), el("ul", {}, entries.map(link)));
}

function draw() {
  const version = document.querySelector("input[name=version]:checked").value;
  const sought = document.getElementById("search").value.trim().toLowerCase();
  const shown = operations(version).filter((it) => fits(it, sought));
  const hooks = Object.entries(spec.webhooks)
    .map(([path, of]) => ({ method: "post", path, operation: of.post })).filter((it) => fits(it, sought));
  const main = document.getElementById("main");
  const nav = document.getElementById("nav");
  main.replaceChildren();
  nav.replaceChildren();
  if (!sought) {
    main.append(el("section", { id: "top" }, paragraphs(spec.info.description),
      el("h2", {}, "Token"), paragraphs(spec.components.securitySchemes.bearerAuth.description),
      el("p", {}, "For programs: ", el("a", { href: "openapi.json" }, "openapi.json"))));
  }
  for (const tag of spec.tags) {
    const own = shown.filter((it) => it.operation.tags.includes(tag.name));
    if (!own.length) continue;
    nav.append(list(tag.name, own));
    main.append(el("section", {}, el("h2", {}, tag.name), paragraphs(tag.description),
      own.map((it) => operationView(it.method, it.path, it.operation, false))));
  }
  if (hooks.length) {
    nav.append(list("Sent to your server", hooks));
    main.append(el("section", {}, el("h2", {}, "Sent to your server"),
      hooks.map((it) => operationView(it.method, it.path, it.operation, true))));
  }
  if (!sought) main.append(el("section", { id: "errors" }, el("h2", {}, "Errors"), errorsTable()));
  if (!shown.length && !hooks.length) main.append(el("p", { role: "status" }, "Nothing is called so."));
  follow();
}

/** Opens what the address names. */
function follow() {
  const named = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!named) return;
  if (named.tagName === "DETAILS") named.open = true;
  named.scrollIntoView();
}

async function begin() {
  const state = document.getElementById("state");
  try {
    const answer = await fetch("openapi.json");
    if (!answer.ok) throw new Error("status " + answer.status);
    spec = await answer.json();
  } catch (error) {
    state.textContent = "The document could not be read: " + error.message;
    return;
  }
  document.title = spec.info.title + " API " + spec.info.version;
  document.getElementById("title").textContent = spec.info.title + " API";
  if (location.hash.endsWith("V2")) document.querySelector("input[value=v2]").checked = true;
  for (const input of document.querySelectorAll("header input")) input.addEventListener("input", draw);
  window.addEventListener("hashchange", follow);
  draw();
}

begin();
