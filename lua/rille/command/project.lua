--- `rille init`: the first files of a project.
local tools = require("rille").tools
local config, errors = tools.config, tools.errors
local database = require "rille.command.database"
local files = require "rille.command.files"
local output = require "rille.command.output"
local templates = require "rille.command.templates"

local function of_url(url) return url and database.provider_of(url) end

-- Returns the provider, and whether DATABASE_URL already names a database of it.
local function provider_of(args)
  local asked = tools.providers.named(args.provider)
  if asked and args.url and asked ~= of_url(args.url) then
    errors.raise("VALIDATION", "--provider %s does not match the URL, which is for %s", asked.name, of_url(args.url).name)
  end
  local known = not args.url and of_url(config.variable "DATABASE_URL")
  local provider = asked or of_url(args.url) or known or database.default()
  return provider, known == provider
end

local function schema_place(args)
  if args.schema then return args.schema:find "%.prisma$" and args.schema or args.schema:gsub("/$", "") .. "/schema.prisma" end
  return files.exists "prisma" and "prisma/schema.prisma" or "schema.prisma"
end

local function has_line(text, line)
  return ("\n" .. text .. "\n"):find("\n" .. line:gsub("%p", "%%%0") .. "%s*\n") ~= nil
end

-- Keeps the contents of .env: DATABASE_URL is added, or replaced with --force.
local function env_text(old, url, force)
  local line = ('DATABASE_URL="%s"'):format((url:gsub('["\\]', "\\%0")))
  if not old then return "# Read by rille, and by Prisma. Not for git.\n" .. line .. "\n" end
  if not ("\n" .. old):find "\n%s*e?x?p?o?r?t?%s*DATABASE_URL%s*=" then return (old:gsub("([^\n])$", "%1\n")) .. line .. "\n" end
  if not force then return nil end
  return (("\n" .. old):gsub("(\n%s*e?x?p?o?r?t?%s*)DATABASE_URL%s*=[^\n]*", function(before) return before .. line end):sub(2))
end

local function ignore_text(old)
  local text = old and old:gsub("([^\n])$", "%1\n") or ""
  for _, line in ipairs(templates.ignored) do
    if not has_line(text, line) then text = text .. line .. "\n" end
  end
  return text ~= old and text or nil
end

local function check_free(list, force)
  local there = {}
  for _, path in ipairs(list) do
    if files.exists(path) then there[#there + 1] = path end
  end
  if #there == 0 or force then return end
  errors.raise("VALIDATION", "nothing was written, since there %s already: %s; --force overwrites", #there == 1 and "is" or "are", table.concat(there, ", "))
end

local function run(call)
  local args, out = call.args, call.out
  local provider, known = provider_of(args)
  local schema = schema_place(args)
  local folder = files.folder_of(schema)
  local seed = (folder == "." and "" or folder .. "/") .. "seed.lua"
  local found = schema == "schema.prisma" or schema == "prisma/schema.prisma" -- by convention
  local main = args.no_example and {} or { [seed] = templates.seed(args.with_model), ["main.lua"] = templates.example(args.with_model, not found and schema) }
  check_free(args.no_example and { schema } or { schema, seed, "main.lua" }, args.force)

  local written = {}
  local function write(path, text, put)
    if not text then return end;
    (put or files.write)(path, text)
    written[#written + 1] = path
    out:done("%s", path)
  end
  write(schema, templates.schema(provider.name, args.with_model))
  if not known then write(".env", env_text(files.read ".env", args.url or provider.first_url, args.force or args.url), files.write_private) end
  write(".gitignore", ignore_text(files.read ".gitignore"))
  for _, path in ipairs { seed, "main.lua" } do write(path, main[path]) end

  out:line()
  out:line("Next:")
  if provider.server and not args.url and not known then out:line("  set DATABASE_URL in .env") end
  if not args.with_model then out:line("  describe your tables in %s", schema) end
  local named = found and "" or " --schema " .. schema
  out:line("  %s", out:paint("bold", "rille migrate dev --name init" .. named))
  if not args.no_example then
    out:line("  %s", out:paint("bold", "rille db seed" .. named))
    out:line("  %s", out:paint("bold", "lua5.4 main.lua"))
  end
  return { written = output.list(written), provider = provider.name, schema = schema }
end

local default = database.default()
local other, names = default, { default.name }
for _, p in ipairs(tools.providers.list) do
  if p ~= default then
    names[#names + 1] = p.name
    if other == default then other = p end
  end
end

return {
  {
    name = "init",
    summary = "Begin a project: schema, .env, an example and a seed script.",
    description = "Writes schema.prisma (in ./prisma if that folder exists, or where --schema says), DATABASE_URL to .env, lines to .gitignore, "
      .. "main.lua and seed.lua. Does not change existing files, unless --force is given.",
    examples = {
      { "rille init --with-model", default.title .. " in " .. default.first_url .. ", with two models to begin with." },
      { "rille init --provider " .. other.name, "The same on " .. other.title .. "." },
      { "rille init --url " .. other.first_url .. " --schema prisma/schema.prisma" },
    },
    define = function(p)
      p:option "--provider":hidden_name "--datasource-provider":target "provider":argname "<name>":choices(names)
        :description(table.concat(names, " or ") .. "; else that of --url or DATABASE_URL, else " .. default.name .. ".")
      p:flag "--with-model":target "with_model":description "Two models, and an example and a seed that use them."
      p:flag "--no-example":target "no_example":description "No main.lua and no seed.lua."
      p:flag "-f --force":description "Overwrite existing files."
    end,
    run = run,
  },
}
