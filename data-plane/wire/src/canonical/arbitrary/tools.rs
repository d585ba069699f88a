use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::*;

/// Functions and custom tools, each name once.
pub(crate) fn tools(carries: Carries) -> impl Strategy<Value = Vec<Tool>> {
    let function = (
        maybe(true, words()),
        maybe(true, schema()),
        maybe(carries.strict, any::<bool>()),
        cache(carries),
    )
        .prop_map(|(description, parameters, strict, cache)| {
            Tool::Function(FunctionTool {
                name: String::new(),
                description,
                parameters,
                strict,
                cache,
            })
        });
    let custom = maybe(true, words()).prop_map(|description| {
        Tool::Custom(CustomTool { name: String::new(), description, format: None })
    });
    let tool = if carries.custom_tools {
        prop_oneof![3 => function, 1 => custom].boxed()
    } else {
        function.boxed()
    };
    vec(tool, 0..3).prop_map(move |mut tools| {
        for (index, tool) in tools.iter_mut().enumerate() {
            match tool {
                Tool::Function(tool) => tool.name = format!("tool_{index}"),
                Tool::Custom(tool) => tool.name = format!("tool_{index}"),
                Tool::Native(_) => {}
            }
        }
        if carries.tools { tools } else { Vec::new() }
    })
}

pub(super) fn tool_choice(carries: Carries) -> impl Strategy<Value = Option<ToolChoice>> {
    let mut choices = vec![
        Just(ToolChoice::Auto).boxed(),
        Just(ToolChoice::None).boxed(),
        Just(ToolChoice::Required).boxed(),
        Just(ToolChoice::Named("tool_0".into())).boxed(),
    ];
    if carries.allowed_tools {
        let allowed = |required| ToolChoice::Allowed { required, names: vec!["tool_0".into()] };
        choices.push(any::<bool>().prop_map(allowed).boxed());
    }
    option::of(proptest::strategy::Union::new(choices))
}
