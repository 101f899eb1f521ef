--- `rille cache ...`: the triggers that tell caches about writes of other programs.
local rille = require "rille"

local function run_triggers(call)
  local args, out = call.args, call.out
  local result = rille.migrate.cache_triggers(call:options { migrations = args.migrations, name = args.name, drop = args.drop or nil })
  if result.created then
    out:done("written, not applied: %s", result.created)
    out:line "Apply it with `rille migrate dev` or `rille migrate deploy`."
  elseif args.drop then
    out:done "The migrations add no such triggers; there is nothing to remove."
  else
    out:done "The migrations have these triggers already; there is nothing to do."
  end
  return { created = result.created }
end

return {
  {
    name = "cache",
    summary = "What the cache of applications needs in the database.",
    commands = {
      {
        name = "triggers",
        summary = "Write a migration that tells caches what other programs write.",
        description = "Writes a migration with triggers on all tables of the schema. They notify the processes with a cache when a program without rille "
          .. "writes. Run it again when the schema has new tables.",
        examples = { { "rille cache triggers" }, { "rille cache triggers --drop", "A migration that removes them." } },
        define = function(p)
          p:option "--name":hidden_name "-n":argname "<name>":description "(-n) The name of the migration: rille_cache_triggers."
          p:flag "--drop":description "Remove the triggers."
          p:option "--migrations":argname "<folder>":description "Folder of migrations; by default next to the schema."
        end,
        run = run_triggers,
      },
    },
  },
}
