--- Files for the commands: reading, writing, folders, quoting for the shell.
local tools = require("rille").tools
local config, errors = tools.config, tools.errors

local files = {}

--- Whether a file or folder is there.
files.exists = config.exists

--- The text of a file, or nil when it cannot be read.
---@param path string
---@return string|nil
function files.read(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a" -- a folder opens, and gives nothing
  if file then file:close() end
  return text
end

--- The text of a file that must be there. Errors: VALIDATION.
function files.must_read(path, what)
  local text = files.read(path)
  if not text then errors.raise("VALIDATION", "%s: the file `%s` does not exist or cannot be read", what, path) end
  return text
end

--- A text in quotes of the shell.
function files.quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

--- Runs a shell command; whether it ended well, and its status.
function files.shell(command)
  local ok, _, status = os.execute(command)
  if type(ok) == "number" then return ok == 0, ok > 255 and math.floor(ok / 256) or ok end
  return ok == true, status
end

--- Makes the folder of a path, when it is not there.
function files.make_room(path)
  local folder = path:match "^(.*)/[^/]*$"
  if folder and folder ~= "" and not files.exists(folder) then files.shell("mkdir -p -- " .. files.quote(folder)) end
end

--- Writes a file, making its folder. Errors: VALIDATION.
function files.write(path, text)
  files.make_room(path)
  local file, why = io.open(path, "wb")
  if not file then errors.raise("VALIDATION", "`%s` cannot be written: %s", path, tostring(why)) end
  local ok, fault = file:write(text)
  if ok then ok, fault = file:close() else file:close() end
  if not ok then errors.raise("VALIDATION", "`%s` cannot be written: %s", path, tostring(fault)) end
end

--- The same for a file with a password: when it is made, only its owner may read it.
function files.write_private(path, text)
  files.make_room(path)
  local made, why = tools.make_private(path)
  if not made then errors.raise("VALIDATION", "`%s` cannot be written: %s", path, why) end
  files.write(path, text)
end

--- Whether it is a folder, or a link to one.
function files.is_folder(path) return files.shell("test -d " .. files.quote(path)) end

--- Names in a folder, sorted.
function files.names(folder)
  local pipe = io.popen("LC_ALL=C ls -A -- " .. files.quote(folder) .. " 2>/dev/null")
  local list = {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

--- The folder of a path, "." when it names none.
function files.folder_of(path) return path:match "^(.+)/[^/]*$" or "." end

return files
