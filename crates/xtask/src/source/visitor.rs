//! Walks a parsed file and collects its [`Facts`].

use proc_macro2::{Span, TokenStream};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, FnArg, ImplItem, Item, Meta, Signature, TraitItem, UseTree};

use super::{Facts, Function, Lines, Mention, tokens};

pub(super) fn facts(text: &str) -> syn::Result<Facts> {
    let stream: TokenStream = text.parse()?;
    let strings = tokens::strings(stream.clone(), text);
    let file = syn::parse_file(text)?;
    let mut visitor = Visitor { facts: Facts { strings, ..Facts::default() }, depth: 0 };
    visitor.visit_file(&file);
    Ok(visitor.facts)
}

struct Visitor {
    facts: Facts,
    /// How many test items are open around the present node.
    depth: usize,
}

impl Visitor {
    fn mention(&mut self, segments: Vec<String>, line: usize) {
        self.facts.mentions.push(Mention { segments, line, in_test: self.depth > 0 });
    }

    fn function(&mut self, signature: &Signature, end: Span) {
        let receivers = signature.inputs.iter().filter(|input| matches!(input, FnArg::Receiver(_)));
        self.facts.functions.push(Function {
            name: signature.ident.to_string(),
            lines: signature.fn_token.span.start().line..=end.end().line,
            parameters: signature.inputs.len() - receivers.count(),
            in_test: self.depth > 0,
        });
    }

    /// Runs `inner` as part of a test when `attributes` say that only tests compile the item.
    fn item(&mut self, attributes: &[Attribute], lines: Lines, inner: impl FnOnce(&mut Self)) {
        let is_test = attributes.iter().any(marks_test);
        if is_test && self.depth == 0 {
            self.facts.test_items.push(lines);
        }
        self.depth += usize::from(is_test);
        inner(self);
        self.depth -= usize::from(is_test);
    }

    fn unparsed(&mut self, stream: &TokenStream) {
        for path in tokens::paths(stream.clone()) {
            self.mention(path.segments, path.line);
        }
    }

    fn use_tree(&mut self, tree: &UseTree, prefix: &[String]) {
        let with = |name: &syn::Ident| [prefix, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.use_tree(&path.tree, &with(&path.ident)),
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.use_tree(tree, prefix);
                }
            }
            UseTree::Name(name) => self.mention(with(&name.ident), line(name.ident.span())),
            UseTree::Rename(name) => self.mention(with(&name.ident), line(name.ident.span())),
            UseTree::Glob(glob) => self.mention(prefix.to_vec(), line(glob.span())),
        }
    }
}

impl<'ast> Visit<'ast> for Visitor {
    fn visit_item(&mut self, item: &'ast Item) {
        let attributes = item_attributes(item);
        if let Item::Mod(module) = item
            && module.content.is_none()
            && attributes.iter().any(marks_test)
        {
            self.facts.test_modules.push(module.ident.to_string());
        }
        self.item(attributes, lines(item.span()), |inner| visit::visit_item(inner, item));
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Fn(function) => function.attrs.as_slice(),
            _ => &[],
        };
        self.item(attributes, lines(item.span()), |inner| visit::visit_impl_item(inner, item));
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        if let TraitItem::Fn(function) = item {
            self.function(&function.sig, function.span());
        }
        visit::visit_trait_item(self, item);
    }

    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.function(&function.sig, function.block.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.function(&function.sig, function.block.span());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.use_tree(&item.tree, &[]);
        visit::visit_item_use(self, item);
    }

    fn visit_item_extern_crate(&mut self, item: &'ast syn::ItemExternCrate) {
        self.mention(vec![item.ident.to_string()], line(item.ident.span()));
        visit::visit_item_extern_crate(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        // One word is a local name, or a name that a `use` brought in.
        if path.segments.len() > 1 {
            let segments = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
            self.mention(segments, line(path.span()));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        self.unparsed(&invocation.tokens);
        self.facts.allows.extend(tokens::allows(invocation.tokens.clone()));
        visit::visit_macro(self, invocation);
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        if attribute.path().is_ident("allow") {
            self.facts.allows.push(line(attribute.span()));
        } else if let Meta::List(list) = &attribute.meta {
            self.unparsed(&list.tokens);
            self.facts.allows.extend(tokens::nested_allows(list.tokens.clone()));
        }
        visit::visit_attribute(self, attribute);
    }
}

fn line(span: Span) -> usize {
    span.start().line
}

fn lines(span: Span) -> Lines {
    span.start().line..=span.end().line
}

/// `#[cfg(test)]`, `#[cfg(all(test, …))]`, `#[test]`, `#[tokio::test]` and their like.
fn marks_test(attribute: &Attribute) -> bool {
    if attribute.path().segments.last().is_some_and(|last| last.ident == "test") {
        return true;
    }
    attribute.path().is_ident("cfg")
        && matches!(&attribute.meta, Meta::List(list) if needs_test(&list.tokens))
}

fn needs_test(condition: &TokenStream) -> bool {
    let text = condition.to_string().replace(' ', "");
    let inner = text.strip_prefix("all(").and_then(|rest| rest.strip_suffix(')'));
    inner.unwrap_or(&text).split(',').any(|part| part == "test")
}

fn item_attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
