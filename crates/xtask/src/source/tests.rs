use super::*;

fn file(path: &str, text: &str) -> SourceFile {
    SourceFile::new("sample", path.to_owned(), text.to_owned())
}

fn facts(text: &str) -> Facts {
    file("crates/sample/src/lib.rs", text).facts().unwrap()
}

fn mentioned(text: &str) -> Vec<String> {
    facts(text).mentions.iter().map(|mention| mention.segments.join("::")).collect()
}

#[test]
fn flattens_use_trees() {
    let text = "use a::{b, c::{self, D as E}, f::*};\nuse g;";
    assert_eq!(mentioned(text), ["a::b", "a::c::self", "a::c::D", "a::f", "g"]);
}

#[test]
fn sees_paths_in_expressions_types_and_bounds() {
    let text = "fn f(x: a::B<c::D>) -> impl e::F { let y = 1; g::h(y) }";
    let mut seen = mentioned(text);
    seen.sort();
    assert_eq!(seen, ["a::B", "c::D", "e::F", "g::h"]);
}

#[test]
fn sees_paths_inside_macros_and_attributes() {
    let text = "#[derive(a::B)] struct S; fn f() { m! { x: c::d(e::<f::G>), g::{h} }; ::i::j!() }";
    let mut seen = mentioned(text);
    seen.sort();
    assert_eq!(seen, ["a::B", "c::d", "f::G", "g", "i::j"]);
}

#[test]
fn does_not_take_a_variable_or_a_type_annotation_for_a_path() {
    assert_eq!(mentioned("fn f(infra: u8) -> u8 { m!(infra: u8, sqlx:&x); infra }"), [""; 0]);
}

#[test]
fn knows_the_line_of_a_mention() {
    let facts =
        facts("\n\nuse a::{\n    b,\n    c,\n};\nfn f() {\n    m!(\n        d::e\n    )\n}");
    let lines: Vec<_> = facts.mentions.iter().map(|mention| mention.line).collect();
    assert_eq!(lines, [4, 5, 9]);
}

#[test]
fn tells_test_items_from_others() {
    let text = "use a::b;\n#[cfg(test)]\nmod tests {\n    use c::d;\n}\n#[cfg(not(test))]\nuse e::f;\n\
                #[cfg(all(test, unix))]\nuse g::h;\n#[tokio::test]\nasync fn t() { i::j() }";
    let facts = facts(text);
    let tests: Vec<_> = facts.mentions.iter().filter(|mention| mention.in_test).collect();
    let names: Vec<_> = tests.iter().map(|mention| mention.segments.join("::")).collect();
    assert_eq!(names, ["c::d", "g::h", "tokio::test", "i::j"]);
    assert_eq!(facts.test_items, [2..=5, 8..=9, 10..=11]);
}

#[test]
fn measures_functions_without_docs_and_receiver() {
    let text = "impl S {\n    /// Docs.\n    #[must_use]\n    pub fn f(&self, a: u8, b: u8) -> u8 {\n\
                \n        a\n    }\n}\ntrait T {\n    fn g(a: u8);\n}";
    let facts = facts(text);
    let seen: Vec<_> = facts
        .functions
        .iter()
        .map(|function| (function.name.as_str(), function.lines.clone(), function.parameters))
        .collect();
    assert_eq!(seen, [("f", 4..=7, 2), ("g", 10..=10, 1)]);
}

#[test]
fn finds_allow_however_it_is_wrapped() {
    let text = "#![allow(a)]\n#[cfg_attr(unix, allow(b))]\nfn f() {}\n\
                macro_rules! m { () => { #[allow(c)] fn g() {} } }\n\
                #[expect(d, reason = \"allow(e)\")]\nfn h() { allow(f); x.allow(y); }";
    assert_eq!(facts(text).allows, [1, 2, 4]);
}

#[test]
fn marks_the_lines_of_strings_but_not_of_docs() {
    let text =
        "/// Says \"hello\".\nfn f() {\n    let a = \"x\ny\";\n    let b = r#\"z\"#;\n    1\n}";
    assert_eq!(facts(text).strings, [3..=4, 5..=5]);
}

#[test]
fn treats_the_file_of_a_test_module_as_a_test() {
    let files = vec![
        file("crates/sample/src/lib.rs", "mod orders;\n#[cfg(test)]\nmod fakes;"),
        file("crates/sample/src/fakes.rs", ""),
        file("crates/sample/src/fakes/store.rs", ""),
        file("crates/sample/src/fakes_too.rs", ""),
        file("crates/sample/src/orders/mod.rs", "#[cfg(test)]\nmod examples;"),
        file("crates/sample/src/orders/examples.rs", ""),
        file("crates/sample/src/orders/tests.rs", ""),
        file("crates/sample/tests/it/main.rs", ""),
    ];
    let (parsed, findings) = parse(files);
    assert!(findings.is_empty());
    let tests: Vec<_> = parsed.iter().map(|one| one.is_test).collect();
    assert_eq!(tests, [false, true, true, false, false, true, true, true]);
}

#[test]
fn reports_a_file_that_does_not_parse() {
    let (_, findings) = parse(vec![file("crates/sample/src/lib.rs", "fn f() {\n    let = 1;\n}")]);
    assert_eq!(findings.first().and_then(|finding| finding.line), Some(2));
}
