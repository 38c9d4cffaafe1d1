"""The parsed command line, after the extensions' preload.py had their say; mirrors modules/shared_cmd_options.py."""

from modules import cmd_args, script_loading
from modules.paths_internal import extensions_builtin_dir, extensions_dir

parser = cmd_args.parser


def _not_disabled():
    import launch

    settings_file = cmd_args.parser.parse_known_args()[0].ui_settings_file
    return launch.list_extensions(settings_file)


script_loading.preload_extensions(extensions_dir, parser, extension_list=_not_disabled())
script_loading.preload_extensions(extensions_builtin_dir, parser)

cmd_opts = parser.parse_args()
