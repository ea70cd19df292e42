// What Homebrew and Nix install from a release: a formula and an expression with the hashes of its files.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const RELEASES = 'https://github.com/thpscope/thpscope/releases/download';
const ABOUT = 'Says what huge page collapse will do to memory before it does it';

/** Writes `thpscope.rb` and `thpscope.nix` beside the files of a release. */
export function writeRecipes(folder, version) {
  const from = (name) => ({
    url: `${RELEASES}/v${version}/${name}`,
    hash: createHash('sha256')
      .update(readFileSync(join(folder, name)))
      .digest('hex'),
  });
  const [x64, arm64] = ['x64', 'arm64'].map((arch) => from(`thpscope-${version}-linux-${arch}`));
  const [amd64deb, arm64deb] = ['amd64', 'arm64'].map((arch) => from(`thpscope_${version}-1_${arch}.deb`));
  writeFileSync(join(folder, 'thpscope.rb'), formula(version, x64, arm64));
  writeFileSync(join(folder, 'thpscope.nix'), expression(version, amd64deb, arm64deb));
}

function formula(version, x64, arm64) {
  return `class Thpscope < Formula
  desc "${ABOUT}"
  homepage "https://github.com/thpscope/thpscope"
  version "${version}"
  license "Apache-2.0"
  depends_on :linux

  on_intel do
    url "${x64.url}"
    sha256 "${x64.hash}"
  end
  on_arm do
    url "${arm64.url}"
    sha256 "${arm64.hash}"
  end

  def install
    bin.install Dir["thpscope-*"].first => "thpscope"
    chmod 0755, bin/"thpscope"
    generate_completions_from_executable(bin/"thpscope", "completion")
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/thpscope --version")
  end
end
`;
}

/** The package of Debian without its Node, which does not find libraries where Nix has them. */
function expression(version, amd64, arm64) {
  return `{ lib, stdenv, fetchurl, dpkg, makeWrapper, nodejs }:

stdenv.mkDerivation rec {
  pname = "thpscope";
  version = "${version}";
  src = fetchurl (
    {
      x86_64-linux = {
        url = "${amd64.url}";
        sha256 = "${amd64.hash}";
      };
      aarch64-linux = {
        url = "${arm64.url}";
        sha256 = "${arm64.hash}";
      };
    }.\${stdenv.hostPlatform.system}
  );
  nativeBuildInputs = [ dpkg makeWrapper ];
  installPhase = ''
    mkdir -p $out/lib $out/bin
    cp -r usr/share $out/share
    cp -r usr/lib/thpscope $out/lib/thpscope
    rm $out/lib/thpscope/node
    makeWrapper \${nodejs}/bin/node $out/bin/thpscope --add-flags $out/lib/thpscope/dist/cli/main.js
  '';
  meta = {
    description = "${ABOUT}";
    homepage = "https://github.com/thpscope/thpscope";
    license = lib.licenses.asl20;
    platforms = [ "x86_64-linux" "aarch64-linux" ];
    mainProgram = "thpscope";
  };
}
`;
}
